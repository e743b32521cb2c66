package tests

//workgen:work
type Inner struct{ Client func() }

func (i *Inner) Run(n int) {
	i.Client() // want `work Inner: Run reads field Client`
}
