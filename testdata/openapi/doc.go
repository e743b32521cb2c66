// Package openapi holds the tests that the application's API is what its OpenAPI
// document says, apart since they need packages that nothing else does.
package openapi
