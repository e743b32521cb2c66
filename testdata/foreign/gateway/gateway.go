// Package gateway has works over types of the Kubernetes Gateway API.
package gateway

import gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

// Admit takes a route and the gateway that it attaches to.
//
//workgen:work
type Admit struct{}

// Run returns what it got.
func (Admit) Run(route *gatewayv1.HTTPRoute, gateway *gatewayv1.Gateway) (*gatewayv1.HTTPRoute, *gatewayv1.Gateway) {
	return route, gateway
}
