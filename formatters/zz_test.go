package formatters
import ("testing";"time";"strings";"fmt")
func TestZZ(t *testing.T){
	for _, part := range []string{"token=", "token ", "password:", "--", "://a:", "mysql ", "curl ", "-----BEGIN ", "LTAI", "eyJ", "secret\"", "-----END PRIVATE KEY-----", "a\n"} {
		text := strings.Repeat(part, 1<<20/len(part))
		s:=time.Now()
		_, n := testLock.redact(text)
		fmt.Println(part, n, time.Since(s))
	}
}
