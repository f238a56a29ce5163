package cloudapi

import (
	"fmt"
	"strconv"
)

// ChainCredentials asks the sources of credentials-go in its order: variables, an
// OIDC role, the aliyun CLI's file, the credentials file, and what options switch
// on.
func ChainCredentials(options CredentialOptions) *Credentials {
	c := newCredentials(options)
	r := newResolver(&c.options)
	c.sources = []source{
		{name: "environment variables (ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET)", find: func(lookUp) (session, error) { return environmentKey() }},
		{name: "OIDC role (ALIBABA_CLOUD_OIDC_TOKEN_FILE)", find: r.environmentOIDC},
		{name: "aliyun CLI profile (~/.aliyun/config.json)", find: func(l lookUp) (session, error) { return r.cliProfile(l, "") }},
		{name: "credentials file (~/.alibabacloud/credentials)", find: func(l lookUp) (session, error) { return r.section(l, "") }},
	}
	if options.Metadata {
		c.sources = append(c.sources, source{name: "ECS instance RAM role (metadata service)", find: func(l lookUp) (session, error) {
			role, name := environment("ALIBABA_CLOUD_ECS_METADATA")
			if odd := oddRoleName(role); odd != "" {
				return session{}, inWords(name + " " + odd)
			}
			return r.metadata(l, role)
		}})
	}
	if options.URI {
		c.sources = append(c.sources, source{name: "ALIBABA_CLOUD_CREDENTIALS_URI", find: r.environmentURI})
	}
	return c
}

// ProfileCredentials reads one named profile of the aliyun CLI, or of the
// credentials file, and nothing else: no part of a key or of a role comes from
// the environment.
func ProfileCredentials(name string, options CredentialOptions) *Credentials {
	c := newCredentials(options)
	r := newResolver(&c.options)
	c.sources = []source{
		{name: "profile " + strconv.Quote(name) + " of the aliyun CLI (~/.aliyun/config.json)", find: func(l lookUp) (session, error) { return r.cliProfile(l, name) }},
		{name: "section " + strconv.Quote(name) + " of the credentials file (~/.alibabacloud/credentials)", find: func(l lookUp) (session, error) { return r.section(l, name) }},
	}
	c.none = ErrNoProfileCredentials
	return c
}

// profileSource is what a profile is called in errors and reports.
func profileSource(name, file string) string {
	return fmt.Sprintf("profile %s of the aliyun CLI (%s)", quoted(name, 80), file)
}
