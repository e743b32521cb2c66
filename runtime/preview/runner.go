package preview

import "reflect"

// isRunner reports whether t is a generated runner: what it holds changes all the time.
func isRunner(t reflect.Type) bool {
	if t.NumField() < 2 || !t.Field(0).Anonymous || t.Field(1).Name != "work" {
		return false
	}
	base, work := t.Field(0).Type, t.Field(1).Type
	return base.Kind() == reflect.Pointer && base.Elem().PkgPath() == "github.com/workgen/workgen/runtime" && base.Elem().Name() == "Runner" &&
		work.Kind() == reflect.Pointer && work.Elem().Kind() == reflect.Struct
}

// runner writes the name of a work and its fields that are inputs.
func (p *printer) runner(v reflect.Value, depth int) string {
	base, work := v.Field(0), v.Field(1)
	if base.IsNil() || work.IsNil() {
		return p.spend("nil")
	}
	name := work.Type().Elem().String()
	if base.CanInterface() {
		if named, ok := base.Interface().(interface{ Name() string }); ok {
			name = named.Name()
		}
	}
	if hasSecrets(base) {
		return p.spend(name + "{(secret)}")
	}
	t := work.Type().Elem()
	var keyed []int
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("workgen"); tag == "key" || tag == "secret" {
			keyed = append(keyed, i)
		}
	}
	return p.spend(name) + p.list("{", "}", len(keyed), depth, func(i int) string {
		return p.spend(t.Field(keyed[i]).Name+": ") + p.value(work.Elem().Field(keyed[i]), depth+1)
	})
}

// hasSecrets reports whether inputs of a runner are secret.
func hasSecrets(base reflect.Value) bool {
	inner := base.Elem().FieldByName("r")
	if inner.Kind() != reflect.Pointer || inner.IsNil() {
		return false
	}
	secret := inner.Elem().FieldByName("secret")
	return secret.IsValid() && secret.Bool()
}
