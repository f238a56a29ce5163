package formatters

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/alitriage/alitriage/cloudapi"
)

func utf16LE(text string) string { return utf16Bytes(text, false) }
func utf16BE(text string) string { return utf16Bytes(text, true) }

func utf16Bytes(text string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func gb18030(text string) string {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestDecodeReadsEachLineInItsCharset(t *testing.T) {
	const lost = "错误：找不到网络路径。\r\n"
	const log = "数据库初始化\n密码：Hunter2!x9\n完成，实例编号一"
	for _, c := range []struct {
		fact, in string
		dropped  int64
		want     string
	}{
		{"GBK without its last byte", gbk(log)[:len(gbk(log))-1], 0, strings.TrimSuffix(log, "一")},
		{"GBK with a stray byte", gbk("磁盘\n") + "\xff" + gbk("空间不足\n"), 0, "磁盘\n\uFFFD空间不足\n"},
		{"a UTF-8 line among GBK lines", gbk("磁盘空间不足\n") + "服务已停止\n" + gbk("请检查日志\n"), 0, "磁盘空间不足\n服务已停止\n请检查日志\n"},
		{"GBK lines among UTF-8 lines", "服务已停止\n" + gbk("磁盘空间不足\n") + "请检查日志\n", 0, "服务已停止\n磁盘空间不足\n请检查日志\n"},
		{"GBK that looks like UTF-8 among GBK", gbk("磁盘空间不足\n目录\n请检查日志\n"), 0, "磁盘空间不足\n目录\n请检查日志\n"},
		{"a bad lead byte before a quote", gbk("错误") + "\xd6\"x\"=1", 0, "错误\uFFFD\"x\"=1"},
		{"a bad lead byte before a line break", gbk("错误") + "\xd6\n" + gbk("完成"), 0, "错误\uFFFD\n完成"},
		{"a bad lead byte before a word", gbk("错误 ") + "\xd6password=", 0, "错误 \uFFFDpassword="},
		{"a code that x/text does not map", gbk("编号") + "\xa8\xbc" + gbk("完成"), 0, "编号\u1e3f完成"},
		{"a user's own character", gbk("编号") + "\xa1\x40" + gbk("完成"), 0, "编号\ue4c6完成"},
		{"a character beyond the BMP", gbk("编号") + gb18030("\U00020000") + gbk("完成"), 0, "编号\U00020000完成"},
		{"one cut in four bytes", gbk("编号完成") + gb18030("\U00020000")[:3], 0, "编号完成"},
		{"UTF-16LE", utf16LE(lost), 0, lost},
		{"UTF-16BE", utf16BE(lost), 0, lost},
		{"UTF-16LE with a BOM", "\xff\xfe" + utf16LE(lost), 0, lost},
		{"UTF-16BE with a BOM", "\xfe\xff" + utf16BE(lost), 0, lost},
		{"UTF-16LE without any ASCII", utf16LE("错误：找不到网络路径。"), 0, "错误：找不到网络路径。"},
		{"UTF-16LE of ASCII alone", utf16LE("Access is denied.\r\n"), 0, "Access is denied.\r\n"},
		{"UTF-16BE of ASCII alone", utf16BE("Access is denied.\r\n"), 0, "Access is denied.\r\n"},
		{"UTF-16LE of traditional characters", utf16LE("錯誤: 找不到網路路徑。\r\n請重試\r\n"), 0, "錯誤: 找不到網路路徑。\r\n請重試\r\n"},
		{"UTF-16LE with an emoji", utf16LE("磁盘👩不足\r\n"), 0, "磁盘👩不足\r\n"},
		{"UTF-16LE with a lone surrogate", utf16LE("磁盘空间不足") + "\x3d\xd8" + utf16LE("请检查日志\r\n"), 0, "磁盘空间不足\uFFFD请检查日志\r\n"},
		{"UTF-16LE cut at the end by a byte", utf16LE(lost)[:len(utf16LE(lost))-1], 0, strings.TrimSuffix(lost, "\n")},
		{"UTF-16LE cut at the beginning by a byte", utf16LE(lost)[1:], 9, strings.TrimPrefix(lost, "错")},
		{"UTF-16LE after ASCII lines", "C:\\>wsl --status\r\n" + utf16LE(lost) + "exit 1\r\n", 0, "C:\\>wsl --status\r\n" + lost + "exit 1\r\n"},
		{"UTF-16LE after UTF-8 lines", "磁盘空间不足\n" + utf16LE(lost) + "完成\n", 0, "磁盘空间不足\n" + lost + "完成\n"},
		{"UTF-16LE after GBK lines", gbk("磁盘空间不足\r\n") + utf16LE(lost) + gbk("完成，请检查\r\n"), 0, "磁盘空间不足\r\n" + lost + "完成，请检查\r\n"},
		{"UTF-16BE after ASCII lines", "first\n" + utf16BE(lost) + "last\n", 0, "first\n" + lost + "last\n"},
		{"ASCII padded with NUL", "name\x00\x00\x00\x00value\x00\x00\x00", 0, "name\x00\x00\x00\x00value\x00\x00\x00"},
		{"an environment with NUL", "A=one\x00B=two\x00PATH=/bin\x00", 0, "A=one\x00B=two\x00PATH=/bin\x00"},
		{"Latin-1 keeps its letters", "Ger\xe4t nicht gefunden\n", 0, "Ger\uFFFDt nicht gefunden\n"},
		{"a binary among ASCII", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\xff\x90\xc3 text=1\n", 0, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\uFFFD text=1\n"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			text, _ := decode([]byte(c.in), c.dropped)
			require.Equal(t, c.want, text)
		})
	}
}

// TestASecretIsFoundInEveryCharsetWhateverIsBroken plants each secret in a
// Chinese log, cuts the log at each byte and puts a bad byte at each.
func TestASecretIsFoundInEveryCharsetWhateverIsBroken(t *testing.T) {
	t.Parallel()
	const secret = "Qw3rTy7xZx9Vb7n2"
	for name, encode := range map[string]func(string) string{
		"UTF-8": func(s string) string { return s }, "GBK": gbk, "GB18030": gb18030, "UTF-16LE": utf16LE, "UTF-16BE": utf16BE,
	} {
		for _, label := range []string{"密码：", "初始化 password=", "口令: "} {
			before, value, after := encode("数据库初始化成功，服务正在启动\n"+label), encode(secret), encode("\n完成，实例编号一，请检查日志\n")
			whole := before + value + after
			check := func(b string, dropped int64, where string, at int) {
				o := testLock.chamber().outputOf([]byte(b), dropped)
				require.NotContains(t, o.text, secret, "%s, %s%s at %d: %q", name, label, where, at, o.text)
			}
			labelAt := len(encode("数据库初始化成功，服务正在启动\n"))
			for cut := range labelAt {
				check(whole[cut:], int64(cut), "cut", cut)
			}
			for cut := len(before + value); cut < len(whole); cut++ {
				check(whole[:cut], 0, "end", cut)
			}
			for at := range len(whole) {
				if at > len(before) && at < len(before+value) {
					continue
				}
				for _, bad := range []string{"\xff", "\x80", "\xd6"} {
					check(whole[:at]+bad+whole[at:], 0, "byte "+bad, at)
				}
			}
		}
	}
}

func TestUTF16OfTheVendorIsReadAndTroubleIsFound(t *testing.T) {
	o := testLock.chamber().output(cloudapi.Output{MachineBytes: cloudapi.NewMachineBytes([]byte(utf16LE("错误：找不到网络路径。\r\n密码：Hunter2!x9\r\n")))})
	require.Contains(t, o.text, "错误：找不到网络路径。")
	require.NotContains(t, o.text, "Hunter2")
	require.Equal(t, readAsUTF16, o.note)
}

// FuzzReading: what is text in a charset comes back, and whatever the bytes are,
// the text is valid, short and keeps ASCII.
func FuzzReading(f *testing.F) {
	for _, seed := range []string{"磁盘空间不足：/data\r\n", "abc\n", "👩 é 磁盘\n", "密码：abc", "目录\n"} {
		for _, s := range []string{seed, gbk(strings.Map(onlyBMP, seed)), utf16LE(seed), utf16BE(seed)} {
			f.Add([]byte(s), false)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, cut bool) {
		var dropped int64
		if cut {
			dropped = 1
		}
		text, _ := decode(b, dropped)
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, len(text), 3*len(b))
		if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
			require.Equal(t, string(b), text)
		}
		for line := range bytes.SplitSeq(b, []byte("\n")) { // of plain text nothing is lost
			if len(line) > 40 && !bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) && bytes.IndexByte(b, 0) < 0 {
				require.Contains(t, text, string(line[2:len(line)-2]))
			}
		}
	})
}

func onlyBMP(r rune) rune {
	if r > 0xffff || r == 'é' {
		return -1
	}
	return r
}

// FuzzGB18030: each character is what the library makes of it, where it knows it.
func FuzzGB18030(f *testing.F) {
	f.Add([]byte("\xa8\xbc"))
	f.Add([]byte("\x90\x30\x81\x30"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := gb18030Char(b)
		if size == 0 || r == 0xe7c7 {
			return
		}
		require.True(t, utf8.ValidRune(r))
		theirs, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b[:size])
		require.NoError(t, err)
		if string(theirs) != "\uFFFD" && !strings.HasPrefix(string(theirs), "\uFFFD") {
			require.Equal(t, string(theirs), string(r))
		}
	})
}

// TestEveryCodeOfTwoBytesIsMapped: there are 23,940, and none is lost.
func TestEveryCodeOfTwoBytesIsMapped(t *testing.T) {
	for i, r := range gb18030Pairs() {
		require.NotZero(t, r, "%x", pairBytes(i))
		require.Equal(t, i, pairIndex(pairBytes(i)[0], pairBytes(i)[1]))
	}
	for code, want := range map[string]rune{ // what glibc 2.36 and Node 24 say alike
		"\xaa\xa1": 0xe000, "\xaf\xfe": 0xe233, "\xf8\xa1": 0xe234, "\xfe\xfe": 0xe4c5, "\xa1\x40": 0xe4c6, "\xa7\xa0": 0xe765, "\xa2\xab": 0xe766,
		"\xa3\x9f": 0xe5e4, "\xa6\xd9": 0xfe10, "\xa6\xf3": 0xfe19, "\xa8\xbc": 0x1e3f, "\xfe\x59": 0x9fb4, "\xfe\xa0": 0x9fbb, "\xd7\xfa": 0xe810,
		"\x81\x35\xf4\x37": 0xe7c7, "\x90\x30\x81\x30": 0x10000, "\xe3\x32\x9a\x35": 0x10ffff,
	} {
		r, size := gb18030Char([]byte(code))
		require.Len(t, code, size)
		require.Equal(t, want, r, "%x", code)
	}
}

// TestLongOutputsAreReadInPiecesWithoutLoss: a piece ends where a line does.
func TestLongOutputsAreReadInPiecesWithoutLoss(t *testing.T) {
	t.Parallel()
	const line = "错误：找不到网络路径 path=C:\\data。\r\n"
	text := strings.Repeat(line, 2*maxReading/len(line))
	for name, encode := range map[string]func(string) string{"GBK": gbk, "UTF-16LE": utf16LE, "UTF-16BE": utf16BE} {
		got, _ := decode([]byte(encode(text)), 0)
		require.Equal(t, text, got, name)
	}
}

func TestTroubleOfWhatSucceededIsFoundInEveryCharset(t *testing.T) {
	for _, encode := range []func(string) string{gbk, utf16LE, utf16BE} {
		r := testLock.InvocationResults(page(ran(output(encode("开始\r\n服务 W3SVC 重新启动失败：拒绝访问\r\n")))))
		require.Contains(t, Text(r, testFence), "line 2")
	}
}
