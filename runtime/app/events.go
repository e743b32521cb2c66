package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
)

// events serves the status to programs: first as a whole, then what has changed of it.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	var was members
	h.stream(w, r, func(context.Context) (event, error) {
		now, err := membersOf(h.site.status())
		if err != nil {
			return event{}, err
		}
		defer func() { was = now }()
		if was == nil {
			data, err := json.Marshal(now)
			return event{"status", data}, err
		}
		data, err := was.change(now)
		return event{"change", data}, err
	})
}

// members are those of a JSON object.
type members map[string]json.RawMessage

func membersOf(v any) (m members, err error) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}

// change returns the members of a status that are different now, nil if none is. Of works
// it has those that are different only, and in gone the identifiers of those that are not there any more.
func (m members) change(now members) ([]byte, error) {
	changed := members{}
	for name, value := range now {
		if !bytes.Equal(m[name], value) {
			changed[name] = value
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	if changed["works"] != nil {
		works, gone, err := changedWorks(m["works"], now["works"])
		if err != nil {
			return nil, err
		}
		changed["works"] = works
		if gone != nil {
			changed["gone"] = gone
		}
	}
	return json.Marshal(changed)
}

// changedWorks compares two lists of works.
func changedWorks(before, now json.RawMessage) (changed, gone json.RawMessage, err error) {
	was, _, err := byID(before)
	if err != nil {
		return nil, nil, err
	}
	is, ids, err := byID(now)
	if err != nil {
		return nil, nil, err
	}
	list := []json.RawMessage{}
	for _, id := range ids {
		if !bytes.Equal(was[id], is[id]) {
			list = append(list, is[id])
		}
		delete(was, id)
	}
	if changed, err = json.Marshal(list); err != nil || len(was) == 0 {
		return changed, nil, err
	}
	left := []string{}
	for id := range was {
		left = append(left, id)
	}
	gone, err = json.Marshal(left)
	return changed, gone, err
}

// byID takes a list of works apart.
func byID(data json.RawMessage) (works map[string]json.RawMessage, ids []string, err error) {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, nil, err
	}
	works = make(map[string]json.RawMessage, len(list))
	for _, work := range list {
		var named struct{ ID string }
		if err := json.Unmarshal(work, &named); err != nil {
			return nil, nil, err
		}
		works[named.ID] = work
		ids = append(ids, named.ID)
	}
	return works, ids, nil
}
