package formatters

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/internal/growth"
)

// The fake secrets are in two parts so that no scanner takes them for real ones.
const (
	fakeKeyID    = "LTAI" + "5tFakeFakeFakeFake01"
	fakeSecret   = "Ab1cD2eF3gH4" + "iJ5kL6mN7oP8qR9sT0"
	fakeSTS      = "STS." + "NUfakeFake1234567890"
	fakeSTSToken = "CAISfake" + "Fake0123456789abcdefghijABCDEFGHIJ+/0123456789abcdefghijABCDEFGHIJ+/=="
	fakeJWT      = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
	fakeSlack    = "xoxb" + "-1234567890-abcdefABCDEF"
	fakePEM      = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEpAIBAAKCAQEA7bq\nx8Zfake+/=\n-----END RSA PRIVATE" + " KEY-----"
	fakePassword = "Wint3r-Sale!"
)

func TestRedact(t *testing.T) {
	mark := regexp.MustCompile(`\[redacted [A-Za-z ]+ #[0-9a-f]{6}\]`)
	for _, c := range []struct {
		fact string
		in   string
		want string // with · in the place of a mark
		n    int
	}{
		{"an AccessKey ID", "key " + fakeKeyID + " used", "key · used", 1},
		{"an AccessKey ID within a name", "old_" + fakeKeyID + "_", "old_·_", 1},
		{"an AccessKey ID with its secret", fakeKeyID + "," + fakeSecret, "·,·", 2},
		{"an AccessKey secret beside its name", "AccessKeySecret: " + fakeSecret, "AccessKeySecret: ·", 1},
		{"an AccessKey secret in an environment", "export ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + fakeSecret, "export ALIBABA_CLOUD_ACCESS_KEY_SECRET=·", 1},
		{"an AccessKey secret with spaces in the name", "access key secret = " + fakeSecret, "access key secret = ·", 1},
		{"an AccessKey secret in the CLI's configuration", `{"access_key_secret": "` + fakeSecret + `"}`, `{"access_key_secret": "·"}`, 1},
		{"an STS key", "id=" + fakeSTS + ";", "id=·;", 1},
		{"an STS key behind an escaped line break", `["a\n` + fakeSTS + `"]`, `["a\n·"]`, 1},
		{"an STS key behind an escaped character", `a\u003d` + fakeSTS, `a\u003d·`, 1},
		{"an STS key within a word is none", "xs" + fakeSTS, "xs" + fakeSTS, 0},
		{"a security token", "x " + fakeSTSToken + " y", "x · y", 1},
		{"a JWT", "got " + fakeJWT + ".", "got ·.", 1},
		{"a bearer token", "Authorization: Bearer abc123def456ghi789", "Authorization: Bearer ·", 1},
		{"a bearer token in capitals", "AUTHORIZATION: BEARER ABC123DEF456", "AUTHORIZATION: BEARER ·", 1},
		{"basic authentication", "Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ·", 1},
		{"a Slack token", "slack " + fakeSlack, "slack ·", 1},
		{"a Slack webhook", "https://hooks.slack.com/services/" + "T024BE7LD/B0123/abcdefABCDEF0123", "https://hooks.slack.com/services/·", 1},
		{"a private key over lines", "a\n" + fakePEM + "\nb", "a\n·\nb", 1},
		{"a private key without its end", "a\n" + fakePEM[:60], "a\n·", 1},
		{"a private key without its beginning", "log line\n" + fakePEM[strings.Index(fakePEM, "MII"):] + "\nb", "log line\n·\nb", 1},
		{"a private key in JSON", `{"key":"` + strings.ReplaceAll(fakePEM, "\n", `\n`) + `"}`, `{"key":"·"}`, 1},
		{"an encrypted private key", strings.ReplaceAll(fakePEM, "RSA", "ENCRYPTED"), "·", 1},
		{"a PGP key", "-----BEGIN PGP PRIVATE" + " KEY BLOCK-----\nabc\n-----END PGP PRIVATE" + " KEY BLOCK-----", "·", 1},
		{"a private key in Base64", "tls.key: " + base64.StdEncoding.EncodeToString([]byte(fakePEM)) + "\nx", "tls.key: ·\nx", 1},
		{"a certificate in Base64 is no secret", "tls.crt: " + base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----")), "tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", 0},
		{"a certificate is no secret", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", 0},
		{"a URL with a password", "mysql://app:" + fakePassword + "@db:3306/shop", "mysql://app:·@db:3306/shop", 1},
		{"a URL with a password and no user", "redis://:" + fakePassword + "@cache", "redis://:·@cache", 1},
		{"a URL whose password holds @", "amqp://u:p@ss@w0rd@mq/", "amqp://u:·@mq/", 1},
		{"a URL with a port is no secret", "http://db:3306/shop?at=a@b", "http://db:3306/shop?at=a@b", 0},
		{"password=", "DB_PASSWORD=" + fakePassword + " next", "DB_PASSWORD=· next", 1},
		{"password in quotes", `password: "two words", user: x`, `password: "·", user: x`, 1},
		{"password in single quotes", `password='two words'`, `password='·'`, 1},
		{"password with an escaped quote", `"password":"pa\"ss","user":"x"`, `"password":"·","user":"x"`, 1},
		{"password in JSON in JSON", `{\"password\":\"` + fakePassword + `\",\"user\":\"x\"}`, `{\"password\":\"·\",\"user\":\"x\"}`, 1},
		{"password in escaped single quotes", `{\\\'password\\\':\\\'` + fakePassword + `\\\'}`, `{\\\'password\\\':\\\'·\\\'}`, 1},
		{"passwd, pwd, passphrase", "passwd=abc1 pwd=abc2 passphrase=abc3", "passwd=· pwd=· passphrase=·", 3},
		{"a connection string", "Server=db;Uid=app;Pwd=" + fakePassword + ";Database=x", "Server=db;Uid=app;Pwd=·;Database=x", 1},
		{"a query", "https://h/?token=abc123&user=x", "https://h/?token=·&user=x", 1},
		{"a Chinese name", "密码：" + fakePassword + " 口令:abc123", "密码：· 口令:·", 2},
		{"a licence key", `"licenseKey":"abc@0000"`, `"licenseKey":"·"`, 1},
		{"an API key", "api_key=abcdef0123456789", "api_key=·", 1},
		{"a secret key of others", "aws_secret_access_key = " + fakeSecret, "aws_secret_access_key = ·", 1},
		{"an option", "tool --db-password " + fakePassword + " --token abc123def", "tool --db-password · --token ·", 2},
		{"mysql's option", "mysql -u root -p" + fakePassword + " shop", "mysql -u root -p· shop", 1},
		{"curl's option", "curl -s -u admin:" + fakePassword + " https://h/", "curl -s -u admin:· https://h/", 1},
		{"redis-cli's option", "redis-cli -h cache -a " + fakePassword + " ping", "redis-cli -h cache -a · ping", 1},
		{"docker's option", "docker login -u bob -p " + fakePassword + " registry", "docker login -u bob -p · registry", 1},
		{"mongosh's option", "mongosh -u root -p '" + fakePassword + "' admin", "mongosh -u root -p '·' admin", 1},
		{"ldapsearch's option", "ldapsearch -x -D cn=admin -w " + fakePassword + " -b dc=x", "ldapsearch -x -D cn=admin -w · -b dc=x", 1},
		{"smbclient's option", "smbclient -U app%" + fakePassword + " //h/share", "smbclient -U app%· //h/share", 1},
		{"openssl's option", "openssl rsa -in k.pem -passin pass:" + fakePassword, "openssl rsa -in k.pem -passin pass:·", 1},
		{"ossutil's option", "ossutil config -i id -k " + fakeSecret + " -e oss-cn-hangzhou.aliyuncs.com", "ossutil config -i id -k · -e oss-cn-hangzhou.aliyuncs.com", 1},
		{"net user", "net user app " + fakePassword + " /add", "net user app · /add", 1},
		{"what is piped into chpasswd", "echo 'root:" + fakePassword + "' | chpasswd", "echo 'root:·' | chpasswd", 1},
		{"what is piped into a login", "echo " + fakePassword + " | docker login -u bob --password-stdin", "echo · | docker login -u bob --password-stdin", 1},
		{"what is piped into sudo", "echo " + fakePassword + " | sudo -S systemctl restart x", "echo · | sudo -S systemctl restart x", 1},
		{"the first password of MySQL", "A temporary password is generated for root@localhost: kL3w_sx9", "A temporary password is generated for root@localhost: ·", 1},
		{"a password that is told", "Your new password is: kL3w_sx9", "Your new password is: ·", 1},
		{"the password of an installer", "Admin password: kL3w_sx9", "Admin password: ·", 1},
		{"an element of XML", "<user>app</user><password>" + fakePassword + "</password>", "<user>app</user><password>·</password>", 1},
		{"a property of XML", `<property name="db.password" value="` + fakePassword + `"/>`, `<property name="db.password" value="·"/>`, 1},
		{"a variable of Kubernetes", "- name: DB_PASSWORD\n  value: " + fakePassword + "\n- name: X", "- name: DB_PASSWORD\n  value: ·\n- name: X", 1},
		{"a variable in JSON", `{"name":"DB_PASSWORD","value":"` + fakePassword + `"}`, `{"name":"DB_PASSWORD","value":"·"}`, 1},
		{"a Secret of Kubernetes", "kind: Secret\ndata:\n  config.json: eyJ4IjoxfQ==\n  user: YXBw\nmetadata:\n  name: x", "kind: Secret\ndata:\n  config.json: ·\n  user: ·\nmetadata:\n  name: x", 2},
		{"a Secret of Kubernetes, its kind last", "- apiVersion: v1\n  stringData:\n    a: one two\n  kind: Secret\n", "- apiVersion: v1\n  stringData:\n    a: ·\n  kind: Secret\n", 1},
		{"a Secret of Kubernetes in JSON", `{"kind": "Secret", "data": {"a": "eDE=", "b": "eTI="}, "type": "Opaque"}`, `{"kind": "Secret", "data": {"a": "·", "b": "·"}, "type": "Opaque"}`, 2},
		{"a Secret of Kubernetes with a text over lines", "kind: Secret\nstringData:\n  a: |\n    first line\n    second\n  b: x1\ntype: Opaque", "kind: Secret\nstringData:\n  a: ·\n    ·\n    ·\n  b: ·\ntype: Opaque", 4},
		{"a key behind a colour whose escape is spelled out", `{"msg":"\u001b[32m` + fakeKeyID + ` used"}`, `{"msg":"\u001b[32m· used"}`, 1},
		{"a key behind a colour that lost its escape", "^[[32m" + fakeKeyID + "^[[0m", "^[[32m·^[[0m", 1},
		{"a key in a query that is encoded", "next=%3Fk%3D" + fakeKeyID, "next=%3Fk%3D·", 1},
		{"the signature of an object's URL", "https://b.oss-cn-hangzhou.aliyuncs.com/o.log?Expires=1&OSSAccessKeyId=" + fakeKeyID + "&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D", "https://b.oss-cn-hangzhou.aliyuncs.com/o.log?Expires=1&OSSAccessKeyId=·&Signature=·", 2},
		{"the signature of version 4", "?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-signature=77dbfa1c3e&x-oss-date=1", "?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-signature=·&x-oss-date=1", 1},
		{"a signature of Azure", "https://a.blob.core.windows.net/c?sv=1&sig=aB3dE5gH7jK9%3D", "https://a.blob.core.windows.net/c?sv=1&sig=·", 1},
		{"an AppCode", "Authorization: APPCODE 3f2a9c1b77aa4bcd9e00123456789abc", "Authorization: APPCODE ·", 1},
		{"a token as the user of a URL", "git clone https://aB3dE5gH7jK9mN2pQ4sT@github.com/x/y", "git clone https://·@github.com/x/y", 1},
		{"a password in SQL", "CREATE USER app IDENTIFIED BY '" + fakePassword + "';", "CREATE USER app IDENTIFIED BY '·';", 1},
		{"a password of a role in SQL", "ALTER ROLE app WITH PASSWORD '" + fakePassword + "';", "ALTER ROLE app WITH PASSWORD '·';", 1},
		{"a hash of a password", "root:$6$rounds=5000$aB3dE5gH$" + strings.Repeat("aB3", 9) + ":19000:0", "root:·:19000:0", 1},
		{"the login of a registry", `{"auths":{"r":{"auth":"Ym9iOnB3OTkx"}}}`, `{"auths":{"r":{"auth":"·"}}}`, 1},
		{"short names of passwords", "ansible_become_pass: x8Kd2\nDB_PW=x8Kd2 pw=x8Kd3", "ansible_become_pass: ·\nDB_PW=· pw=·", 3},
		{"a password with a number or a place in its name", "DB_PASSWORD_1=abcdef password.prod=ghijkl", "DB_PASSWORD_1=· password.prod=·", 2},
		{"quotes that JSON has encoded", `\u0022password\u0022:\u0022` + fakePassword + `\u0022,`, `\u0022password\u0022:\u0022·\u0022,`, 1},
		{"quotes that HTML has encoded", `&quot;password&quot;:&quot;` + fakePassword + `&quot;,`, `&quot;password&quot;:&quot;·&quot;,`, 1},
		{"a wide sign", "password＝" + fakePassword, "password＝·", 1},
		{"a text of YAML on the next line", "password: |\n  " + fakePassword + "\nuser: x", "password: |\n  ·\nuser: x", 1},
		{"a variable with another field between", `{"name":"DB_PASSWORD","type":"env","value":"` + fakePassword + `"}`, `{"name":"DB_PASSWORD","type":"env","value":"·"}`, 1},
		{"a parameter of a template", `{"ParameterKey":"DBPassword","ParameterValue":"` + fakePassword + `"}`, `{"ParameterKey":"DBPassword","ParameterValue":"·"}`, 1},
		{"a secret behind a mark that the machine printed", "password=[redacted password #000000]Hunter2x", "password=·", 1},
		{"a Secret of Kubernetes as kubectl keeps it", `{"apiVersion":"v1","data":{"dbpw":"SHVudGVyMg==","k":null},"kind":"Secret"}`, `{"apiVersion":"v1","data":{"dbpw":"·","k":null},"kind":"Secret"}`, 1},
		{"the same within JSON", `{\"data\":{\"dbpw\":\"SHVudGVyMg==\"},\"kind\":\"Secret\"}`, `{\"data\":{\"dbpw\":\"·\"},\"kind\":\"Secret\"}`, 1},
		{"a webhook of Feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-4e5f-6789-abcd-ef0123456789", "https://open.feishu.cn/open-apis/bot/v2/hook/·", 1},
		{"a webhook of WeCom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-4e5f-6789-abcd-ef0123456789", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=·", 1},
		{"an option in a list", `args: ["--password", "` + fakePassword + `", "--user", "x"], [--db-password, ` + fakePassword + `]`, `args: ["--password", "·", "--user", "x"], [--db-password, ·]`, 2},
		{"passwords in a list", `{passwords=[` + fakePassword + `], "passwords":["x8Kd2"]}`, `{passwords=[·], "passwords":[·]}`, 2},
		{"the shortest name", "{pw=x8Kd2, user=root}", "{pw=·, user=root}", 1},
		{"a cookie", "Cookie: JSESSIONID=0123456789abcdef; theme=dark\nHost: h", "Cookie: ·\nHost: h", 1},
		{"a cookie that is set", `"set-cookie": "sid=0123456789abcdef; Path=/"`, `"set-cookie": "·"`, 1},
		{"a comma belongs to the sentence", "password: " + fakePassword + ", user: x", "password: ·, user: x", 1},
		{"the same secret again without its name", "password=" + fakePassword + "\n+ login " + fakePassword, "password=·\n+ login ·", 2},
		{"a Telegram bot in its address", "https://api.telegram.org/bot8301947265:" + "AaB3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5/getMe", "https://api.telegram.org/bot·/getMe", 1},
		{"a Discord webhook", "https://discord.com/api/webhooks/830194726583920471/" + strings.Repeat("aB3dE5gH7j", 6), "https://discord.com/api/webhooks/830194726583920471/·", 1},
		{"several on a line", "a token=abc123 b token=def456", "a token=· b token=·", 2},
		{"one after another without a space", "token=token=token=abc1", "token=·", 1},

		{"what is said of a password", "the password is required, password was rejected, root password (optional)", "the password is required, password was rejected, root password (optional)", 0},
		{"a value of something else", "- name: PASSWORD_FILE\n  mountPath: /x\n- name: LEVEL\n  value: debug", "- name: PASSWORD_FILE\n  mountPath: /x\n- name: LEVEL\n  value: debug", 0},
		{"a ConfigMap of Kubernetes", "kind: ConfigMap\ndata:\n  level: debug", "kind: ConfigMap\ndata:\n  level: debug", 0},
		{"what a shell says of a file", "cat: /etc/passwd: Permission denied\nls: /root: Permission denied", "cat: /etc/passwd: Permission denied\nls: /root: Permission denied", 0},
		{"what a shell says of a variable", "run.sh: line 3: DB_PASSWORD: unbound variable", "run.sh: line 3: DB_PASSWORD: unbound variable", 0},
		{"what a program says of a password", "password: incorrect\npasswd: unrecognized option", "password: incorrect\npasswd: unrecognized option", 0},
		{"the name of a variable", "password=$DB_PASSWORD token=${TOKEN} secret=$(cat f)", "password=$DB_PASSWORD token=${TOKEN} secret=$(cat f)", 0},
		{"what is hidden already", "password=******** token: ****", "password=******** token: ****", 0},
		{"the path of a key", "private_key=/etc/ssl/key2.pem GOOGLE_APPLICATION_CREDENTIALS=/run/sa1.json", "private_key=/etc/ssl/key2.pem GOOGLE_APPLICATION_CREDENTIALS=/run/sa1.json", 0},
		{"a version of signatures", "SignatureVersion=1.0&SignatureNonce=3156853299f3", "SignatureVersion=1.0&SignatureNonce=3156853299f3", 0},
		{"a cookie in prose", "cookie: accepted, cookies are off", "cookie: accepted, cookies are off", 0},
		{"echo into a filter", "echo done | grep -c done", "echo done | grep -c done", 0},
		{"a port", "mysql -h db -P 3306 shop; ssh -p 22 host", "mysql -h db -P 3306 shop; ssh -p 22 host", 0},
		{"a prompt with nothing after it", "Password: \nlogin ok", "Password: \nlogin ok", 0},
		{"a prompt at the end", "Enter password:", "Enter password:", 0},
		{"a token bucket", "token bucket is full, secret santa, key = x", "token bucket is full, secret santa, key = x", 0},
		{"an unexpected token", "SyntaxError: unexpected token: expected comma", "SyntaxError: unexpected token: expected comma", 0},
		{"bearer of no token", "bearer authentication failed, bearer of news", "bearer authentication failed, bearer of news", 0},
		{"authorization in prose", "Authorization: required", "Authorization: required", 0},
		{"a working directory", "PWD=/root OLDPWD=/home/app", "PWD=/root OLDPWD=/home/app", 0},
		{"what MySQL says", "Access denied (using password: YES), (using password: NO)", "Access denied (using password: YES), (using password: NO)", 0},
		{"a place in a list", `NextToken="AAAAAV3MpHK1" page_token=abc123`, `NextToken="AAAAAV3MpHK1" page_token=abc123`, 0},
		{"test results", "PASS: TestLogin (0.01s), pass: 12", "PASS: TestLogin (0.01s), pass: 12", 0},
		{"empty values", "password=\ntoken=\"\" secret: ", "password=\ntoken=\"\" secret: ", 0},
		{"a word with LTAI in it", "xLTAI5tFakeFakeFakeFake01 and LTAI", "xLTAI5tFakeFakeFakeFake01 and LTAI", 0},
		{"a ruler", strings.Repeat("-", 80) + "\n" + strings.Repeat("=", 80), strings.Repeat("-", 80) + "\n" + strings.Repeat("=", 80), 0},
	} {
		t.Run(c.fact, func(t *testing.T) {
			clean, n := testLock.redact(c.in)
			require.Equal(t, c.want, mark.ReplaceAllString(clean, "·"))
			require.Equal(t, c.n, n)
			again, more := testLock.redact(clean)
			require.Equal(t, clean, again, "a mark is no secret")
			require.Zero(t, more)
		})
	}
}

func TestEqualSecretsHaveEqualMarks(t *testing.T) {
	fingerprint := func(a Airlock, text string) string {
		clean, n := a.redact(text)
		require.Equal(t, 1, n)
		return regexp.MustCompile(`#[0-9a-f]{6}`).FindString(clean)
	}
	password := fingerprint(testLock, "password="+fakePassword)
	require.Equal(t, password, fingerprint(testLock, "mysql://app:"+fakePassword+"@db/"), "whatever betrays it")
	require.Equal(t, password, fingerprint(testLock, `password: "`+fakePassword+`",`))
	require.NotEqual(t, password, fingerprint(testLock, "password="+fakePassword+"2"))
	require.NotEqual(t, password, fingerprint(Airlock{Key: []byte("another key")}, "password="+fakePassword), "it cannot be guessed without the key")
}

func TestASecretLongerThanTheWindowGoesAsAWhole(t *testing.T) {
	for _, name := range []string{"password=", "Authorization: Bearer ", "token: "} {
		clean, n := testLock.redact(name + strings.Repeat("aB3", 3000) + " end")
		require.Equal(t, 1, n)
		require.Less(t, len(clean), 80)
		require.True(t, strings.HasSuffix(clean, "] end"))
	}
}

func TestASecretIsRedactedBeforeTheCut(t *testing.T) {
	for at := range 120 { // the cut goes through every part of it
		text := strings.Repeat("x", maxLine-60+at) + " password=" + fakePassword + " end"
		require.NotContains(t, testLock.chamber().line(text), "Wint3r")
		a := testLock.chamber()
		out := a.excerpt(a.outputOf([]byte(strings.Repeat("line\n", 580+at)+"password="+fakePassword+"\n"+strings.Repeat("line\n", 400)), 0), -1)
		require.NotContains(t, out.Text, "Wint3r")
		require.Equal(t, 1, out.Redacted)
	}
}

func TestWordsAreRedactedToo(t *testing.T) {
	for _, secret := range []string{fakeKeyID, "password=" + fakePassword[:9], fakeSTS, "https://u:abc123@h/"} {
		require.True(t, isWord(secret), "%s has the shape of an id", secret)
		for _, shown := range []string{testLock.chamber().word(secret), testLock.chamber().plain(secret), testLock.chamber().token(secret), testLock.chamber().quote(secret)} {
			require.Contains(t, shown, "[redacted ")
		}
	}
}

// TestRedactIsLinear: a text that makes a pattern try again and again would take
// hours if each try cost more than its own length.
func TestRedactIsLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		"token=", "token ", "password:", "--", "://a:", "mysql -p", "mysql ", "curl -u ", "-----BEGIN ", "LTAI", "eyJ", "secret\"", "a\n", " -p",
		"-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "--a-token ", "password=abc ",
		"token key secret api ", "key=", "key: aaaaaaaaaaaa.", "twitter ", "curl -H ", "kind: Secret data: ", "facebook ", "Q~", "eyAAAAAAAAAAAAAAAAAAA.", "sk-", "https://",
	} {
		t.Run(part, func(t *testing.T) {
			growth.Linear(t, 1<<11, func(size int) func() {
				text := strings.Repeat(part, size/len(part))
				return func() { testLock.redact(text) }
			})
		})
	}
}
