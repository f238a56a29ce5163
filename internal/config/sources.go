package config

// sources tells by the path of a value where it is from: a flag, a variable, or
// a line of the file.
type sources map[string]string

const byDefault = "default"
