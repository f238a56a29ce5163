package formatters

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestDecodeFindsTheCharset(t *testing.T) {
	const disk = "磁盘空间不足: /data\n"
	gb18030 := "\x90\x30\x81\x30 \xb4\xc5\xc5\xcc" // U+10000 in four bytes, then 磁盘
	for _, c := range []struct {
		fact    string
		in      string
		dropped int64
		want    string
		note    string
	}{
		{"UTF-8 stays", disk, 0, disk, ""},
		{"a character cut at the beginning", disk[1:], 9, disk[3:], ""},
		{"a character cut at the beginning, two bytes of it left", disk[1:3] + "abc\n", 9, "abc\n", ""},
		{"a character cut at the join", "head 磁\xe7\x9b tail 磁盘\n", 9, "head 磁 tail 磁盘\n", ""},
		{"an emoji cut at both places", "\x9f\x92\xa9 head \xf0\x9f\x92 tail\n", 9, " head  tail\n", ""},
		{"a character cut at the end while the command runs", disk[:4], 0, disk[:3], ""},
		{"GBK", gbk(disk), 0, disk, readAsGB18030},
		{"GBK after a cut between characters", gbk(disk), 9, disk, readAsGB18030},
		{"GBK after a cut within a character", gbk(disk)[1:], 9, disk[3:], readAsGB18030},
		{"two letters of GBK are no cut character", "35" + gbk("°") + "C", 9, "35°C", readAsGB18030},
		{"GB18030 in four bytes", gb18030, 0, "\U00010000 磁盘", readAsGB18030},
		{"no charset", "PK\x03\x04\xff\xff\xfe data", 0, "PK\x03\x04\uFFFD data", notText},
		{"one stray byte without a cut", "abc\xff磁盘", 0, "abc\uFFFD磁盘", notText},
		{"UTF-8 with stray bytes", "\x80\x80\x80\x80 磁盘空间不足", 9, "\uFFFD 磁盘空间不足", notText},
		{"a binary among UTF-8", "磁盘空间\xa1\xa1", 0, "磁盘空间\uFFFD", notText},
		{"nothing", "", 0, "", ""},
	} {
		t.Run(c.fact, func(t *testing.T) {
			text, note := decode([]byte(c.in), c.dropped)
			require.Equal(t, c.want, text)
			require.Equal(t, c.note, note)
		})
	}
}

func TestACutNeverCostsMoreThanTheCharacterItWentThrough(t *testing.T) {
	whole := strings.Repeat("磁盘 disk 👩 é\n", 3)
	for from := range len(whole) {
		for to := from + 20; to < len(whole); to++ {
			text, note := decode([]byte(whole[from:to]), 1)
			require.Empty(t, note, "%d to %d", from, to)
			require.Contains(t, whole[from:to], text[:len(text)/2])
			require.GreaterOrEqual(t, len(text), to-from-6)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("磁盘"), int64(0))
	f.Add([]byte("\x98\xd6\xd0"), int64(3))
	f.Add([]byte("纾佺洏绌洪棿"), int64(0)) // garbled
	f.Fuzz(func(t *testing.T, b []byte, dropped int64) {
		text, note := decode(b, dropped)
		require.True(t, utf8.ValidString(text))
		if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 { // with NUL it may be UTF-16
			require.Equal(t, string(b), text)
			require.Empty(t, note)
		}
		mended, ok := mend(text)
		require.True(t, utf8.ValidString(mended))
		require.Equal(t, !ok, mended == text)
	})
}

// garbled is what a Windows agent makes of UTF-8.
func garbled(t *testing.T, text string) string {
	t.Helper()
	s, err := simplifiedchinese.GBK.NewDecoder().String(text)
	require.NoError(t, err)
	return s
}

func TestMendUndoesWhatAWindowsAgentDoes(t *testing.T) {
	for text, want := range map[string]string{
		"磁盘空间不足":                       "磁盘空间不足",
		"C:\\data 使用率 97%\r\n清理完成\r\n": "C:\\data 使用\uFFFD 97%\r\n清理完成\r\n", // where GBK has no such letters, the agent has lost some
	} {
		came := garbled(t, text)
		require.NotEqual(t, text, came)
		mended, ok := mend(came)
		require.True(t, ok, came)
		require.Equal(t, want, mended)
	}
}

func TestMendLeavesRealTextAlone(t *testing.T) {
	for _, text := range []string{
		"", "plain ASCII", "磁盘空间不足：/data 使用率 97%", "旧版收银主机，跳过清理", "联通", "日本語のテキスト", "Привет, мир", "café naïve", "✓ done ✓ done ✓", "👩‍💻 ok",
		"一丁七万丈三上下不与丐丑专且丕世丘丙业丛东丝丞丢两严丧个丫中丰串临丸丹为主丽举乃久么义之乌乍乎乏乐乒乓乔乖乘乙九乞也习乡书买乱乳",
	} {
		same, ok := mend(text)
		require.False(t, ok, text)
		require.Equal(t, text, same)
	}
}

func TestAGarbledOutputIsMendedAndTheScriptsMendNamed(t *testing.T) {
	r := testLock.InvocationResults(page(ran(output(garbled(t, "磁盘空间不足\r\n")))))
	require.Equal(t, "磁盘空间不足", r.Items[0].Output.Text)
	require.Contains(t, r.Items[0].Text, "[Console]::OutputEncoding=[System.Text.Encoding]::UTF8")
}
