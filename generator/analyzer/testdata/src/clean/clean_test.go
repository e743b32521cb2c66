package clean

var unrelated = NewFetchRunner(nil)
