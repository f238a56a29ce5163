// Package doctor finds out what stands between alitriage and an answer:
// configuration, credentials, region, clock, the way to each endpoint, and each
// RAM permission.
//
// It promises: every check has one line that says what was found and what mends
// it; nothing is started or changed, what is read exists nowhere; no part of a
// key is in it. What cannot be found out without harm is said to be so.
//
// It must not import a command.
package doctor
