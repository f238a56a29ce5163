package cloudapi

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/ini.v1"
)

// section finds the key of a section of the credentials file, which the vendor's
// libraries read and the CLI does not; name is "" for the one that credentials-go
// would choose. ini.v1 is what credentials-go reads the file with.
func (r *resolver) section(l lookUp, name string) (session, error) {
	path, shown := environment("ALIBABA_CLOUD_CREDENTIALS_FILE")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return session{}, absent("there is no home directory")
		}
		path, shown = filepath.Join(home, ".alibabacloud", "credentials"), "~/.alibabacloud/credentials"
	}
	variable := ""
	if name == "" {
		name, variable = environment(profileVariables...)
	}
	from := "credentials file (" + shown + ")"
	if name != "" {
		from = "section " + strconv.Quote(name) + " of the " + from
	}
	text, err := readNamed(path, shown)
	if err != nil {
		return session{from: from}, wantedBy(variable, err)
	}
	name = cmp.Or(name, defaultProfile)
	from = "section " + strconv.Quote(name) + " of the credentials file (" + shown + ")"
	// A section takes nothing from the one that its name begins with: [prod.eu] without
	// a key would sign as [prod].
	file, err := ini.LoadSources(ini.LoadOptions{ChildSectionDelimiter: "\n"}, text)
	if err != nil {
		return session{from: from}, inWords("the file is not written as [section] and name = value")
	}
	found, err := file.GetSection(name)
	if err != nil {
		return session{from: from}, wantedBy(variable, absent("the file has no such section"))
	}
	p := sectionProfile(found)
	if p == nil {
		return session{from: from}, inWords("its type has to be access_key, ecs_ram_role or ram_role_arn")
	}
	f := &cliFile{}
	if err := f.check(p); err != nil {
		return session{from: from}, inWords(fieldsOfSections.Replace(err.Error()))
	}
	l.asking(from)
	s, err := r.resolve(l, f, p)
	s.from = from
	return s, err
}

// fieldsOfSections are called otherwise than in the CLI's file.
var fieldsOfSections = strings.NewReplacer("ram_role_arn", "role_arn", "ram_role_name", "role_name")

// wantedBy ends the search when what is missing was named by a variable, and the
// CLI's file did not have it either: the next source is somebody else.
func wantedBy(variable string, err error) error {
	if _, missing := errors.AsType[absent](err); missing && variable != "" && cliFileDisabled() == "" {
		return inWords(err.Error() + ", and " + variable + " names a profile that has to be there or in the file of the aliyun CLI")
	}
	return err
}

// sectionProfile is a section as the profile that does the same; nil for a type
// that credentials-go does not know.
func sectionProfile(s *ini.Section) *cliProfile {
	text := func(key string) string {
		if !s.HasKey(key) {
			return ""
		}
		return s.Key(key).String()
	}
	p := &cliProfile{AccessKeyID: text("access_key_id"), AccessKeySecret: text("access_key_secret")}
	switch text("type") {
	case "access_key":
		p.Mode = modeAK
	case "ecs_ram_role":
		p.Mode, p.RoleName = modeEcsRamRole, text("role_name")
	case "ram_role_arn":
		p.Mode, p.RoleARN = modeRamRoleArn, text("role_arn")
		p.SessionName, p.Policy = text("role_session_name"), text("policy")
	default:
		return nil
	}
	return p
}
