// Package foreign is a module of its own with works over types of well-known
// modules, so that generating, keying and copying them is tested without workgen
// itself depending on any of them.
//
// Each folder has works over one module. The test builds arguments in which every
// field is set and changes each of them; what has to be refused is in testdata.
package foreign
