// Package blockkit renders reports as Slack messages.
//
// It promises: a message keeps within Slack's limits, whatever the report holds,
// and says what it left out; verdict, headline, the first next step, where the
// answer is from and its RequestId always stay; no text of the cloud or of a
// person becomes a mention, a link or a format, since all of it stands in rich
// text and raw cells, which Slack does not parse; colour and emoji carry no
// meaning. The fallback text alone tells the verdict and what to do.
//
// It is pure: no network, no clock, and not a word about a particular tool. It
// must not import anything of alitriage but formatters.
package blockkit
