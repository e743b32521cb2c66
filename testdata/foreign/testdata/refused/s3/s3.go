// Package s3 takes an input with a stream in it.
package s3

import "github.com/aws/aws-sdk-go-v2/service/s3"

//workgen:work
type Put struct{}

func (Put) Run(in *s3.PutObjectInput) {}
