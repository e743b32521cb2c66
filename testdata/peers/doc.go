// Package peers measures what it costs to find the identity of arguments, here
// and with other libraries.
package peers
