// Package config makes one checked value of flags and environment.
//
// It promises: a flag wins over the environment, the environment over the
// default; an empty variable counts as not given, an empty flag is refused; everything that is wrong is
// reported at once, with what is allowed.
//
// Nothing else in alitriage reads the environment (credentials-go and the proxy
// rules of net/http apart). It opens no connection.
package config
