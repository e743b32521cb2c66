// Package cloud has works over types of the AWS SDK.
package cloud

import "github.com/aws/aws-sdk-go-v2/service/dynamodb"

// Put takes the input of an operation.
//
//workgen:work
type Put struct{}

// Run returns what it got.
func (Put) Run(in *dynamodb.PutItemInput) *dynamodb.PutItemInput { return in }
