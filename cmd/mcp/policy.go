package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/alitriage/alitriage/formatters"
	"github.com/alitriage/alitriage/internal/config"
	"github.com/alitriage/alitriage/tools"
)

const (
	flagFromError = "from-error"
	maxErrorText  = 1 << 20 // bytes of stdin that are looked through
)

func (a *app) policyCommand() *cli.Command {
	return &cli.Command{
		Name:        "policy",
		Usage:       "print the least RAM policy for the tools, or what a denied call lacks",
		Description: "stdout is a policy document and nothing else. For example:\n\n   aliyun ram CreatePolicy --PolicyName alitriage --PolicyDocument \"$(alitriage-mcp policy)\"\n\nExit codes: 0 printed, 1 an Allow is not what is missing, or not all of it (stderr says what is), 2 no error found in the text.",
		Flags: []cli.Flag{&cli.StringFlag{
			Name:  flagFromError,
			Usage: "the statement for the denied call in `TEXT`: an error, a log, or the name of an operation; - reads it from stdin",
		}},
		Action:       a.policy,
		OnUsageError: onUsageError,
	}
}

func (a *app) policy(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() { // which are not quoted: they may be any part of a log
		return refused("policy takes no words besides its flags. Put the text of an error between quotes behind --" + flagFromError + ", or pipe it into policy --" + flagFromError + " -")
	}
	if cmd.IsSet(flagFromError) {
		text, err := a.errorText(cmd.String(flagFromError))
		if err != nil {
			return err
		}
		return a.policyFor(text)
	}
	cfg, _, err := a.settings(cmd)
	if err != nil {
		return err
	}
	return a.policyOfTools(cfg)
}

// policyOfTools prints what the tools need, and how to put it to use.
func (a *app) policyOfTools(cfg config.Config) error {
	allowed := actionsOf(cfg.ReadOnly)
	if err := a.printPolicy(formatters.Allow(allowed...)); err != nil {
		return err
	}
	command := "alitriage-mcp policy"
	if cfg.ReadOnly {
		command += " --read-only"
	}
	fmt.Fprintf(a.errs, `Paste it into the RAM console (Policies, Create Policy, JSON), or make and attach it:
  aliyun ram CreatePolicy --PolicyName alitriage --PolicyDocument "$(%s)"
  aliyun ram AttachPolicyToUser --PolicyType Custom --PolicyName alitriage --UserName <user>
For a role: AttachPolicyToRole with --RoleName <role>.
`, command)
	if presumed := formatters.Presumed(allowed); len(presumed) > 0 {
		fmt.Fprintf(a.errs, "Presumed, for the vendor prints no prefix for WebPlus: %s. Should a gather be denied, give its error to policy --%s.\n", strings.Join(presumed, ", "), flagFromError)
	}
	for _, p := range cfg.Profiles {
		if p.RoleARN != "" {
			fmt.Fprintf(a.errs, "The profile %s assumes %s: the policy belongs to that role, and whoever assumes it needs %s and a place in the role's trust policy.\n",
				p.Name, p.RoleARN, formatters.AllowAssuming(p.RoleARN))
		}
	}
	without := slices.DeleteFunc(actionsOf(false), func(action string) bool { return slices.Contains(allowed, action) })
	if len(without) > 0 {
		fmt.Fprintf(a.errs, "Left out, for --read-only starts nothing: %s.\n", strings.Join(without, ", "))
	}
	return nil
}

// actionsOf asks the tools, so that a new one needs nothing here.
func actionsOf(readOnly bool) (actions []string) {
	for _, t := range tools.All(tools.Config{ReadOnly: readOnly, Profiles: []tools.Profile{{}}}) {
		actions = append(actions, t.Actions...)
	}
	return actions
}

// errorText reads stdin where the text is a dash.
func (a *app) errorText(text string) (string, error) {
	if text != "-" {
		return text, nil
	}
	b, err := io.ReadAll(io.LimitReader(a.in, maxErrorText+1))
	if err != nil {
		return "", refused("stdin cannot be read: " + err.Error())
	}
	if len(b) > maxErrorText {
		return "", refused(fmt.Sprintf("the text on stdin is over %d MiB: give the part with the error, for example by grep -B5 -A20 Forbidden", maxErrorText>>20))
	}
	return string(b), nil
}

// policyFor prints what the denied calls in text lack, and what the other failures
// in it are. Nothing of the text itself is shown but what it has in common with a
// RAM action.
func (a *app) policyFor(text string) error {
	mend, found := formatters.MendFor(text)
	if !found {
		return refused(noDenial())
	}
	if len(mend.Policy.Statement) > 0 {
		if err := a.printPolicy(mend.Policy); err != nil {
			return err
		}
		mend.Steps = append(mend.Steps, "Add the statement to a policy of the identity that was denied, or make it one of its own: aliyun ram CreatePolicy, as alitriage-mcp policy --help has it.")
	}
	fmt.Fprintln(a.errs, "- "+strings.Join(mend.Steps, "\n- "))
	if !mend.Whole {
		return &exitError{code: exitBad}
	}
	return nil
}

func noDenial() string {
	return "there is no denied call in this text, nor an error that alitriage knows. Looked for:\n" +
		"- AccessDeniedDetail with AuthAction, NoPermissionType and PolicyType, as Alibaba Cloud, its CLI and SDKs and Terraform print it\n" +
		"- an error of alitriage: lacks the RAM action …\n" +
		"- the vendor's error codes (Forbidden.RAM, NoPermission, Throttling and the like) and HTTP statuses\n" +
		"- the name of an operation or action, and nothing else: " + strings.Join(actionsOf(false), ", ") + "\n" +
		"For example: alitriage-mcp policy --" + flagFromError + " 'AccessDeniedDetail: map[AuthAction:ecs:DescribeInvocationResults NoPermissionType:ImplicitDeny]'"
}

func (a *app) printPolicy(p formatters.Policy) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, string(b))
	return err
}
