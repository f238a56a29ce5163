package cloudapi

import (
	"strconv"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// ProfileCredentials reads one named profile of the aliyun CLI, or of the
// credentials file, and nothing else.
func ProfileCredentials(name string) *Credentials {
	return newCredentials(
		credentialSource{"profile " + strconv.Quote(name) + " of the aliyun CLI (~/.aliyun/config.json)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewCLIProfileCredentialsProviderBuilder().WithProfileName(name).Build()
			}},
		credentialSource{"section " + strconv.Quote(name) + " of the credentials file (~/.alibabacloud/credentials)",
			func() (providers.CredentialsProvider, error) {
				return providers.NewProfileCredentialsProviderBuilder().WithProfileName(name).Build()
			}},
	)
}
