package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/cmd/slackbot/internal/slacksim"
)

// talkative is a credentials helper of an External profile: once told so, it says
// something before its JSON, which is then none.
const talkative = `#!/bin/sh
if [ -e "$0.talks" ]; then
	echo "signed in with a5ecret-of-the-helper"
	echo "renewed a5ecret-of-the-helper" >&2
	touch "$0.talked"
fi
echo '{"mode": "AK", "access_key_id": "` + keyID + `", "access_key_secret": "` + keySecret + `"}'
`

func TestWhatACredentialsHelperPrintsIsNotInTheAudit(t *testing.T) {
	s := newScene(t, sceneOptions{idle: true, file: "profiles: {prod: {credentials_profile: prod, region: cn-hangzhou}}\n"})
	helper := filepath.Join(s.env["HOME"], "helper")
	require.NoError(t, os.WriteFile(helper, []byte(talkative), 0o700))
	profile, err := json.Marshal(map[string]any{"current": "prod", "profiles": []any{
		map[string]string{"name": "prod", "mode": "External", "process_command": helper + " --token a5ecret-of-the-command"},
	}})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.env["HOME"], ".aliyun"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.env["HOME"], ".aliyun", "config.json"), profile, 0o600))
	s.env["PATH"] = os.Getenv("PATH")
	bot := s.launch(t)

	require.NoError(t, os.WriteFile(helper+".talks", nil, 0o600))
	s.cloud.Inject(cloudsim.Fault{Code: "InvalidSecurityToken.Expired", Status: 400, Times: 2})
	require.Eventually(t, func() bool { // a key that has expired is asked for again
		s.command(t, slacksim.Alice, slacksim.Incidents, "/get_app_status", "web")
		_, err := os.Stat(helper + ".talked")
		return err == nil
	}, patience, 200*time.Millisecond)
	require.NoError(t, bot.Process.Signal(os.Interrupt))
	<-bot.exited

	for _, said := range []string{s.out.String(), bot.log.String()} {
		require.NotContains(t, said, "a5ecret")
		require.NotContains(t, said, keySecret)
	}
	for line := range strings.Lines(s.out.String()) {
		require.True(t, json.Valid([]byte(line)), "stdout is the audit: %q", line)
	}
}
