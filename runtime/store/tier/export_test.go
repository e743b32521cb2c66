package tier

// MaxQueued is how many bytes of results wait to be copied.
var MaxQueued = &maxQueued
