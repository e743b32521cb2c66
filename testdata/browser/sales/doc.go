// Package sales is an application as the page has to show one: a pipeline over what a
// hundred shops have sold, of eight works. It has history of the two days before, calls that run, wait for
// a slot and for their next attempt, errors, a panic, a secret argument, one of 20 KB, and text that
// would do harm where it is not escaped.
package sales
