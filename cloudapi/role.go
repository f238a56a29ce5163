package cloudapi

import "net/url"

const STS Product = "sts"

type Role struct {
	ARN, SessionName string
	Endpoint         *url.URL
}

func (c *Credentials) Assume(Role) *Credentials { return c }
