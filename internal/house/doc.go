// Package house holds the rules of the house as tests, so that a change that
// breaks one fails and is told why.
package house
