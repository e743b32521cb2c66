// Package search has works over the typed API of Elasticsearch, whose unions are
// interfaces that can hold anything: the directives list what they hold.
package search

import "github.com/elastic/go-elasticsearch/v9/typedapi/types"

// Leaves are queries that have no others inside.
type Leaves struct {
	Match   map[string]types.MultiMatchQuery
	Range   []types.RangeQuery
	Terms   *types.TermsQuery
	Fuzzy   types.FuzzyQuery
	Box     *types.GeoBoundingBoxQuery
	Feature types.DistanceFeatureQuery
}

// Find takes queries.
//
//workgen:work
//workgen:oneof types.DistanceFeatureQuery: types.UntypedDistanceFeatureQuery types.GeoDistanceFeatureQuery types.DateDistanceFeatureQuery
//workgen:oneof types.Duration: string
//workgen:oneof types.FieldValue: int64 types.Float64 string bool
//workgen:oneof types.Fuzziness: string int
//workgen:oneof types.GeoBounds: types.CoordsGeoBounds types.TopLeftBottomRightGeoBounds types.TopRightBottomLeftGeoBounds types.WktGeoBounds
//workgen:oneof types.GeoLocation: types.LatLonGeoLocation types.GeoHashLocation []types.Float64 string
//workgen:oneof types.MinimumShouldMatch: int string
//workgen:oneof types.RangeQuery: types.UntypedRangeQuery types.DateRangeQuery types.NumberRangeQuery types.LongNumberRangeQuery types.TermRangeQuery
//workgen:oneof types.TermsQueryField: []types.FieldValue types.TermsLookup
type Find struct{}

// Run returns what it got.
func (Find) Run(q *Leaves) *Leaves { return q }
