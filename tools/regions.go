package tools

import (
	"regexp"
	"slices"
	"strings"
)

// publicRegions tell a region in a text from other words. They decide nothing
// else: calls take any region. The sources are the vendor's endpoint maps of
// WebPlus, ECS and SAE (reference/cloudapi.md, section 4) and its list of regions
// (DescribeRegions). Zones are not in it; see regionOf.
var publicRegions = strings.Fields(`
	cn-beijing cn-chengdu cn-fuzhou cn-guangzhou cn-hangzhou cn-heyuan cn-hongkong cn-huhehaote cn-nanjing
	cn-qingdao cn-shanghai cn-shenzhen cn-wuhan-lr cn-wulanchabu cn-zhangjiakou cn-zhengzhou-jva
	ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5
	ap-southeast-6 ap-southeast-7 eu-central-1 eu-west-1 me-central-1 me-east-1 na-south-1 us-east-1 us-west-1
	cn-beijing-finance-1 cn-hangzhou-finance cn-heyuan-acdr-1 cn-north-2-gov-1 cn-shanghai-finance-1 cn-shenzhen-finance-1`)

// regionShape is what a word that is called a region has to look like: there are
// new ones every year.
var regionShape = regexp.MustCompile(`^(?:cn|ap|eu|me|na|us|sa|af|rus)(?:-[a-z]+)+(?:-[0-9]+)?$`)

// regionOf is the region that a word names, itself or by one of its zones, which
// have a letter behind it: cn-hangzhou-h, ap-southeast-1a.
func regionOf(word string, known map[string]bool) (string, bool) {
	if known[word] || word == "" {
		return word, word != ""
	}
	region, letter := word[:len(word)-1], word[len(word)-1]
	name := strings.TrimRight(region, "0123456789")
	if bare, cut := strings.CutSuffix(region, "-"); cut {
		region = bare
	} else if name == region {
		return "", false
	}
	return region, known[region] && 'a' <= letter && letter <= 'z'
}

// KnownRegion tells whether region is one of the public ones, and which of them is
// near. There may be others.
func KnownRegion(region string) (near string, known bool) {
	if slices.Contains(publicRegions, region) {
		return "", true
	}
	near, _ = Nearest(region, publicRegions)
	return near, false
}
