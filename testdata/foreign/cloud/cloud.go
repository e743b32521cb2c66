// Package cloud has works over types of the AWS SDK.
package cloud

import "github.com/aws/aws-sdk-go-v2/service/dynamodb"

// Put takes the input of an operation.
//
//workgen:work
type Put struct{}

// Run returns what it got.
func (Put) Run(in *dynamodb.PutItemInput) *dynamodb.PutItemInput { return in }

// Get takes what an operation has returned. What its metadata hold differs from
// call to call.
//
//workgen:work memory
//workgen:ignore github.com/aws/smithy-go/middleware.Metadata.values they say how the request went
type Get struct{}

// Run returns what it got.
func (Get) Run(out *dynamodb.GetItemOutput) *dynamodb.GetItemOutput { return out }
