package redact

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/workgen/workgen/runtime/internal/hidden"
)

// Values returns what may be quoted of a secret input, to which ptr points: the strings,
// bytes and numbers in it, however deep. Of an input with fields tagged
// `workgen:"secret"` these count and no others. Fields that are no inputs are not read.
func Values(ptr any) []string {
	tagged, all := collector{}, collector{all: true}
	if tagged.walk(reflect.ValueOf(ptr), false, 0); len(tagged.found) > 0 {
		return tagged.found
	}
	all.walk(reflect.ValueOf(ptr), true, 0)
	return all.found
}

const (
	mostFound = 1000 // of one input
	deepest   = 20
)

// collector gathers the values of one input.
type collector struct {
	all   bool
	seen  int
	found []string
}

// mostSeen is how many values are looked at.
const mostSeen = 100_000

// walk looks into v, which is secret, or may have secret fields.
func (c *collector) walk(v reflect.Value, secret bool, depth int) {
	if c.seen++; c.seen > mostSeen || depth > deepest || len(c.found) >= mostFound {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			c.walk(v.Elem(), secret, depth+1)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if secret {
				c.bytes(v)
			}
			return
		}
		for i := range v.Len() {
			c.walk(v.Index(i), secret, depth+1)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			c.walk(it.Key(), secret, depth+1)
			c.walk(it.Value(), secret, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !hidden.Ignored(f) && (!hidden.Foreign(f) || f.PkgPath == "net/url") {
				c.walk(v.Field(i), secret || hidden.Secret(f), depth+1)
			}
		}
	default:
		if secret {
			c.scalar(v)
		}
	}
}

func (c *collector) scalar(v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		c.found = append(c.found, v.String())
	case v.CanInt():
		c.found = append(c.found, strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		c.found = append(c.found, strconv.FormatUint(v.Uint(), 10))
	}
}

// bytes adds bytes as %s, %x, JSON and %v write them.
func (c *collector) bytes(v reflect.Value) {
	b := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	if len(b) < shortest {
		return // their numbers would be long enough
	}
	c.found = append(c.found, string(b), hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b),
		strings.Trim(fmt.Sprint(b), "[]"))
}
