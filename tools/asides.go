package tools

import (
	"fmt"
	"strings"
)

// asidesOnPlace ask about the account and region of calls that the text leaves open.
func (r *reading) asidesOnPlace(groups [][]*mention) (asides []string) {
	var profiles, regions wordList // that cannot all be meant
	for _, things := range groups {
		p, q := r.places(things)
		if len(p) > 1 {
			profiles.add(p...)
		}
		if len(q) > 1 {
			regions.add(q...)
		}
	}
	if len(profiles.list) > 0 {
		asides = append(asides, "The text names several profiles ("+listed(profiles.list)+"): say which one is meant, with profile.")
	}
	if len(regions.list) > 0 {
		asides = append(asides, "The text names several regions ("+listed(regions.list)+"): say which one is meant, with region.")
	}
	return asides
}

// asidesOnPairs are about InstanceIds beside InvokeIds that no call holds.
func asidesOnPairs(invokes, beside []*mention) []string {
	switch {
	case len(beside) == 0:
		return nil
	case len(invokes) == 1:
		return []string{fmt.Sprintf("The results of %s are of all its instances, so there is no call for %s: for one of them alone, give its instance_id too.",
			invokes[0].id, listed(ids(beside)))}
	default:
		return []string{fmt.Sprintf("The text does not say which of the invocations %s ran on %s: for one instance alone, give invoke_id and instance_id together.",
			listed(ids(invokes)), listed(ids(beside)))}
	}
}

// asides are about what leads to no call.
func (r *reading) asides() (asides []string) {
	var envs []string
	for _, m := range r.mentions {
		if r.cfg.refuses(m.IDKind) {
			envs = append(envs, m.id)
		}
	}
	for _, a := range []struct {
		words []string
		what  string
	}{
		{r.strangers.list, "no such profile is configured; give one of " + listed(r.cfg.CompleteProfile("")) + "."},
		{envs, "this server starts nothing; to read a gather, give its ChangeId, such as " + changeID.Example + "."},
		{r.orders.list, "no tool takes the id of an SAE change order; give the AppId of its application, such as " + appID.Example + "."},
		{r.requests.list, "a RequestId names a call, not a thing; give the id of the thing itself."},
		{r.masked.list, "asterisks mask a part of it, as documentation shows ids; give the whole id."},
		{r.foreign.list, "no tool takes WebPlus applications, stacks or packages; give the EnvId of the environment, such as " + envID.Example + "."},
	} {
		if len(a.words) > 0 {
			asides = append(asides, listed(a.words)+": "+a.what)
		}
	}
	return asides
}

// likeAliases asks back about the words of a short text, such as a command.
func (c Config) likeAliases(text string) (asides []string) {
	const short, shortest = 3, 3 // words, and letters of one
	words, names := strings.Fields(text), c.CompleteAlias("")
	if len(words) > short {
		return nil
	}
	for _, word := range words {
		word = tidy(word)
		if near, ok := Nearest(word, names); ok && len(word) >= shortest {
			asides = append(asides, excerpt(word)+" is no alias: did you mean "+near+"?")
		}
	}
	return asides
}

func ids(things []*mention) []string {
	list := make([]string, len(things))
	for i, m := range things {
		list[i] = m.id
	}
	return list
}

// listed names the first few of many.
func listed(words []string) string {
	const most = 3
	var b strings.Builder
	for i, word := range words[:min(len(words), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(shorten(word))
	}
	if more := len(words) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
