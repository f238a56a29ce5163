package config

import (
	"cmp"
	"maps"

	"github.com/alitriage/alitriage/cloudapi"
	"github.com/alitriage/alitriage/cloudapi/cloudsim"
	"github.com/alitriage/alitriage/tools"
)

// Tools is what the tools run with: each profile with a client, connections and
// a budget of its own. Nothing is looked up or connected to. With Demo all of
// them ask one simulator in this process, whose aliases are added. observe is
// told of every attempt of a call; see cloudapi.Config.
func (c *Config) Tools(version string, observe func(operation, outcome string)) (tools.Config, error) {
	made := tools.Config{MaxWait: c.MaxWait, ReadOnly: c.ReadOnly, Simulated: c.Demo, Aliases: c.Aliases}
	reach := func(p Profile) cloudapi.Config { return c.reach(p, version, observe) }
	if c.Demo {
		sim := cloudsim.New(cloudsim.Options{})
		made.Aliases = withDemoAliases(c.Aliases, sim.Aliases())
		reach = func(p Profile) cloudapi.Config { return simulated(p, sim) }
	}
	for _, p := range c.Profiles {
		cfg := reach(p)
		cfg.Version, cfg.Observe = version, observe
		client, err := cloudapi.New(cfg)
		if err != nil {
			return tools.Config{}, err
		}
		made.Profiles = append(made.Profiles, tools.Profile{Name: p.Name, Client: client, Site: p.Site})
	}
	return made, nil
}

// reach says how to get to Alibaba Cloud with a profile.
func (c *Config) reach(p Profile, version string, observe func(operation, outcome string)) cloudapi.Config {
	options := c.Credentials
	options.STS, options.Version, options.Observe = p.Endpoints[cloudapi.STS], version, observe
	credentials := cloudapi.ChainCredentials(options)
	if p.CredentialsProfile != "" {
		credentials = cloudapi.ProfileCredentials(p.CredentialsProfile, options)
	}
	if p.RoleARN != "" {
		credentials = credentials.Assume(cloudapi.Role{ARN: p.RoleARN, Endpoint: p.Endpoints[cloudapi.STS]})
	}
	return cloudapi.Config{Region: p.Region, Credentials: credentials, Endpoints: maps.Clone(p.Endpoints)}
}

func simulated(p Profile, sim *cloudsim.Sim) cloudapi.Config {
	key := sim.Key()
	return cloudapi.Config{
		Region:      cmp.Or(p.Region, cloudsim.Region),
		Credentials: cloudapi.StaticCredentials(key.ID, key.Secret, key.SecurityToken),
		Transport:   sim.Transport(),
	}
}

// withDemoAliases adds those whose names are not taken.
func withDemoAliases(own []tools.Alias, demo []cloudsim.Alias) []tools.Alias {
	all := append([]tools.Alias{}, own...)
	taken := map[string]bool{}
	for _, a := range own {
		taken[a.Name] = true
	}
	for _, a := range demo {
		if !taken[a.Name] {
			all = append(all, tools.Alias{Name: a.Name, Arg: a.Argument, ID: a.ID, Region: a.Region})
		}
	}
	return all
}
