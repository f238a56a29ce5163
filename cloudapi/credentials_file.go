package cloudapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	maxCLIFile  = 1 << 20 // bytes
	maxProfiles = 10      // that are named in an error
)

// cliFile is what aliyun CLI 3.4 keeps in config.json.
type cliFile struct {
	path  string
	shown string // in place of the path, which may name a person
	text  []byte

	Current  *string       `json:"current"`
	Profiles []*cliProfile `json:"profiles"`
}

// cliProfile is one profile of it, with the fields that credentials-go adds. Its
// values are shown nowhere.
type cliProfile struct {
	Name              string `json:"name"`
	Mode              string `json:"mode"`
	AccessKeyID       string `json:"access_key_id"`
	AccessKeySecret   string `json:"access_key_secret"`
	SecurityToken     string `json:"sts_token"`
	Expires           int64  `json:"sts_expiration"`
	STSRegion         string `json:"sts_region"`
	STSEndpoint       string `json:"sts_endpoint"`
	EnableVPC         bool   `json:"enable_vpc"` // of credentials-go
	RoleARN           string `json:"ram_role_arn"`
	SessionName       string `json:"ram_session_name"`
	ExternalID        string `json:"external_id"`
	Policy            string `json:"policy"` // of credentials-go
	Seconds           int    `json:"expired_seconds"`
	SourceProfile     string `json:"source_profile"`
	RoleName          string `json:"ram_role_name"`
	PrivateKey        string `json:"private_key"`
	KeyPairName       string `json:"key_pair_name"`
	ProcessCommand    string `json:"process_command"`
	CredentialsURI    string `json:"credentials_uri"`
	OIDCProviderARN   string `json:"oidc_provider_arn"`
	OIDCTokenFile     string `json:"oidc_token_file"`
	OIDCToken         string `json:"oidc_token"` // of credentials-go
	SignInURL         string `json:"cloud_sso_sign_in_url"`
	AccountID         string `json:"cloud_sso_account_id"`
	AccessConfig      string `json:"cloud_sso_access_config"`
	AccessToken       string `json:"access_token"`
	AccessExpires     int64  `json:"cloud_sso_access_token_expire"`
	OAuthSite         string `json:"oauth_site_type"`
	OAuthRefresh      string `json:"oauth_refresh_token"`
	OAuthAccess       string `json:"oauth_access_token"`
	OAuthAccessExpire int64  `json:"oauth_access_token_expire"`
	BearerToken       string `json:"bearer_token"`
}

// Format keeps the secrets in a profile out of any text.
func (p *cliProfile) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "profile %q", p.Name) }

// whereCLIFile is the path that the CLI's file has, and what it is called.
func whereCLIFile() (path, shown string, err error) {
	if path, name := environment("ALIBABA_CLOUD_CONFIG_FILE"); path != "" {
		return path, name, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", "", absent("there is no home directory")
	}
	return filepath.Join(home, ".aliyun", "config.json"), "~/.aliyun/config.json", nil
}

// readCLIFile reads the file anew for each look-up: the CLI may have changed it.
func readCLIFile() (*cliFile, error) {
	path, shown, err := whereCLIFile()
	if err != nil {
		return nil, err
	}
	text, err := readNamed(path, shown)
	if err != nil {
		return &cliFile{path: path, shown: shown}, err
	}
	f, err := parseCLIFile(text)
	if f == nil {
		f = &cliFile{}
	}
	f.path, f.shown = path, shown
	return f, err
}

// readNamed is readSmall for a file that a variable may have named. If that one is
// missing, the next source would be another identity than the one that was meant.
func readNamed(path, shown string) ([]byte, error) {
	text, err := readSmall(path)
	if _, missing := errors.AsType[absent](err); !missing || !isVariable(shown) {
		return text, err
	}
	why := "the variable names a file that is not there"
	if strings.HasPrefix(path, "~") {
		why += ": ~ is not expanded, so write the whole path"
	}
	return nil, inWords(why)
}

// isVariable tells the name of a variable from that of a file.
func isVariable(shown string) bool { return !strings.HasPrefix(shown, "~/") }

// readSmall reads a file of credentials. Its errors are absent or inWords.
func readSmall(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, inWords("it is a pipe or a device, and no file") // opening it could wait for ever
	}
	file, err := os.Open(path) //nolint:gosec // the path is the user's own
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		if _, err := os.Lstat(path); err == nil {
			return nil, inWords("it is a link to a file that is not there")
		}
		return nil, absent("no such file")
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, inWords("the file may not be read by this user")
	}
	if err != nil {
		return nil, inWords("the file cannot be read")
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return nil, inWords("it is a directory, and no file")
	}
	text, err := io.ReadAll(io.LimitReader(file, maxCLIFile+1))
	if err != nil {
		return nil, inWords("the file cannot be read")
	}
	if len(text) > maxCLIFile {
		return nil, inWords(fmt.Sprintf("the file is larger than %d MiB", maxCLIFile>>20))
	}
	return text, nil
}

// parseCLIFile understands what the CLI does, and refuses what it does. Its
// errors hold nothing of the file but line numbers and names of fields.
func parseCLIFile(text []byte) (*cliFile, error) {
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return nil, inWords("the file begins with a byte order mark, which the aliyun CLI does not read either: save it as UTF-8 without one")
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, inWords("the file is UTF-16, which the aliyun CLI does not read either: save it as UTF-8")
	case len(bytes.TrimSpace(text)) == 0:
		return nil, inWords("the file is empty")
	}
	f := &cliFile{text: text}
	err := json.Unmarshal(text, f)
	if err == nil {
		return f, nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, inWords("the file is not JSON: " + syntaxFault(text, int(syntax.Offset)))
	}
	if field, want, offset := wrongType(err); field != "" {
		return nil, inWords(fmt.Sprintf("line %d of the file: %s has to be %s", lineOf(text, offset), field, want))
	}
	return nil, inWords("the file is not JSON as the aliyun CLI writes it")
}

// wrongType names the field of a profile that holds a value of another type, and
// what it has to be; "" when err is about something else.
func wrongType(err error) (field, want string, offset int) {
	mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return "", "", 0
	}
	kinds := map[string]string{"string": "a text in quotation marks", "int": "a number", "int64": "a number", "bool": "true or false"}
	want, simple := kinds[mismatch.Type.String()]
	if !simple {
		return "", "", 0
	}
	return oneLine(mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:], 40), want, int(mismatch.Offset)
}

// syntaxFault names the line of what is wrong, and the two commonest faults.
func syntaxFault(text []byte, offset int) string {
	offset = min(max(offset, 1), len(text))
	before, found := bytes.TrimRight(text[:offset-1], " \t\r\n"), text[offset-1]
	var whole json.RawMessage
	switch {
	case errors.Is(json.NewDecoder(bytes.NewReader(text)).Decode(&whole), io.ErrUnexpectedEOF):
		return fmt.Sprintf("it ends too early, in line %d", lineOf(text, len(text)))
	case bytes.HasSuffix(before, []byte(",")) && (found == '}' || found == ']'):
		return fmt.Sprintf("there is a comma too many at the end of line %d", lineOf(text, len(before)))
	default:
		return fmt.Sprintf("look at line %d", lineOf(text, offset))
	}
}

func lineOf(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), len(text))], []byte("\n"))
}

// find is the first profile of that name, as for the CLI.
func (f *cliFile) find(name string) *cliProfile {
	for _, p := range f.Profiles {
		if p != nil && p.Name == name {
			return p
		}
	}
	return nil
}

// choose finds the profile that is meant when none was named, how it was chosen,
// and whether somebody wanted it: the CLI itself writes default.
func (f *cliFile) choose() (name, by string, wanted bool) {
	if name, variable := environment(profileVariables...); name != "" {
		return name, variable, true
	}
	if f.Current == nil {
		return defaultProfile, "current, which is not there and so means default,", false
	}
	return *f.Current, "current", *f.Current != defaultProfile
}

const defaultProfile = "default"

const noProfiles = "it has none"

func (f *cliFile) names() string {
	var names []string
	for _, p := range f.Profiles {
		if p != nil {
			names = append(names, oneLine(p.Name, 40))
		}
	}
	switch more := len(names) - maxProfiles; {
	case len(names) == 0:
		return noProfiles
	case more > 0:
		return fmt.Sprintf("it has %s and %d more", strings.Join(names[:maxProfiles], ", "), more)
	default:
		return "it has " + strings.Join(names, ", ")
	}
}
