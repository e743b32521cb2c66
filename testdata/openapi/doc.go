// Package openapi holds the tests that the application's API is what its OpenAPI
// document says, apart since they need packages that nothing else does. Package client is
// generated from the document, as programs do that use the API.
package openapi

//go:generate go tool oapi-codegen -config client/config.yaml -o client/client.gen.go ../../runtime/app/openapi.json
