package foreign_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	elastic "github.com/elastic/go-elasticsearch/v9/typedapi/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/shopspring/decimal"
	"gonum.org/v1/gonum/mat"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/foreign/cloud"
	"github.com/workgen/workgen/testdata/foreign/compose"
	"github.com/workgen/workgen/testdata/foreign/gateway"
	"github.com/workgen/workgen/testdata/foreign/github"
	"github.com/workgen/workgen/testdata/foreign/ids"
	"github.com/workgen/workgen/testdata/foreign/internal/check"
	"github.com/workgen/workgen/testdata/foreign/kube"
	"github.com/workgen/workgen/testdata/foreign/matrix"
	"github.com/workgen/workgen/testdata/foreign/messages"
	"github.com/workgen/workgen/testdata/foreign/money"
	"github.com/workgen/workgen/testdata/foreign/oci"
	"github.com/workgen/workgen/testdata/foreign/policy"
	"github.com/workgen/workgen/testdata/foreign/search"
	"github.com/workgen/workgen/testdata/foreign/tree"
)

func TestKubernetes(t *testing.T) {
	b := check.New()
	b.Least = 1_000
	check.Special(b, func(n int) []resource.Quantity {
		return []resource.Quantity{*resource.NewQuantity(int64(n), resource.DecimalSI), {}, resource.MustParse("1"), resource.MustParse("1m"), resource.MustParse("1Ki")}
	})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[kube.ScheduleArgs] {
		r := kube.NewScheduleRunner(&kube.Schedule{}, opts...)
		return check.Runner[kube.ScheduleArgs]{Stats: r.Stats, Run: func(a kube.ScheduleArgs) ([]any, error) {
			spec, pod, err := r.Run(t.Context(), a.Spec, a.Pod)
			return []any{spec, pod}, err
		}}
	})
}

func TestAWS(t *testing.T) {
	b := check.New()
	b.Least = 100
	attributes(b)
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[cloud.PutArgs] {
		r := cloud.NewPutRunner(&cloud.Put{}, opts...)
		return check.Runner[cloud.PutArgs]{Stats: r.Stats, Run: func(a cloud.PutArgs) ([]any, error) {
			in, err := r.Run(t.Context(), a.In)
			return []any{in}, err
		}}
	})
}

// The metadata of an output are left out by a directive.
func TestAWSOutput(t *testing.T) {
	b := check.New()
	b.Least = 50
	attributes(b)
	check.Special(b, func(int) []middleware.Metadata { return []middleware.Metadata{{}} })
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[cloud.GetArgs] {
		r := cloud.NewGetRunner(&cloud.Get{}, opts...)
		return check.Runner[cloud.GetArgs]{Stats: r.Stats, Run: func(a cloud.GetArgs) ([]any, error) {
			out, err := r.Run(t.Context(), a.Out)
			return []any{out}, err
		}}
	})

	r := cloud.NewGetRunner(&cloud.Get{})
	var out dynamodb.GetItemOutput
	out.ResultMetadata.Set("requests", 1)
	for range 2 {
		if _, err := r.Run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		out.ResultMetadata.Set("requests", 2)
	}
	if n := r.Stats().Executions; n != 1 {
		t.Errorf("%d executions for outputs that differ in their metadata only", n)
	}
}

// attributes lists the kinds of attributes.
func attributes(b *check.Builder) {
	check.Impls[types.AttributeValue](b,
		&types.AttributeValueMemberM{}, &types.AttributeValueMemberL{}, &types.AttributeValueMemberB{}, &types.AttributeValueMemberBOOL{}, &types.AttributeValueMemberBS{},
		&types.AttributeValueMemberN{}, &types.AttributeValueMemberNS{}, &types.AttributeValueMemberNULL{}, &types.AttributeValueMemberS{}, &types.AttributeValueMemberSS{}, &types.UnknownUnionMember{})
}

func TestGitHub(t *testing.T) {
	b := check.New()
	b.Least = 500
	check.Impls[any](b, map[string]any{}, []any{}, "", 0.0, false)
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[github.TriageArgs] {
		r := github.NewTriageRunner(&github.Triage{}, opts...)
		return check.Runner[github.TriageArgs]{Stats: r.Stats, Run: func(a github.TriageArgs) ([]any, error) {
			issue, repo, err := r.Run(t.Context(), a.Issue, a.Repo)
			return []any{issue, repo}, err
		}}
	})
}

func TestCompose(t *testing.T) {
	b := check.New()
	b.Least = 500
	check.Impls[any](b, map[string]any{}, []any{}, "", 0, 0.0, false)
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[compose.UpArgs] {
		r := compose.NewUpRunner(&compose.Up{}, opts...)
		return check.Runner[compose.UpArgs]{Stats: r.Stats, Run: func(a compose.UpArgs) ([]any, error) {
			service, err := r.Run(t.Context(), a.Service)
			return []any{service}, err
		}}
	})
}

func TestTree(t *testing.T) {
	b := check.New()
	b.Least = 20
	check.Impls[tree.Expr](b, tree.Call{}, &tree.Block{}, &tree.Ident{}, &tree.Call{})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[tree.CheckArgs] {
		r := tree.NewCheckRunner(&tree.Check{}, opts...)
		return check.Runner[tree.CheckArgs]{Stats: r.Stats, Run: func(a tree.CheckArgs) ([]any, error) {
			e, block, err := r.Run(t.Context(), a.E, a.B)
			return []any{e, block}, err
		}}
	})
}

func TestProtobuf(t *testing.T) {
	b := check.New()
	b.Least = 20
	b.Compare = []cmp.Option{protocmp.Transform()}
	check.Special(b, func(n int) []*structpb.Struct {
		list := func(v any) *structpb.Struct {
			s, err := structpb.NewStruct(map[string]any{"a": v, "b": []any{1, "2", nil, true}, "c": map[string]any{}})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		return []*structpb.Struct{list(n), nil, {}, list("x"), list(nil), list(map[string]any{"x": 1})}
	})
	check.Special(b, func(n int) []*structpb.Value {
		return []*structpb.Value{structpb.NewNumberValue(float64(n)), nil, {}, structpb.NewNullValue(), structpb.NewStringValue(""), structpb.NewBoolValue(false)}
	})
	check.Special(b, func(n int) []*timestamppb.Timestamp {
		return []*timestamppb.Timestamp{{Seconds: int64(n), Nanos: 1}, nil, {}, {Seconds: -1}, {Nanos: 1}}
	})
	check.Special(b, func(n int) []*durationpb.Duration {
		return []*durationpb.Duration{{Seconds: int64(n), Nanos: 1}, nil, {}, {Seconds: -1}, {Nanos: 1}}
	})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[messages.SendArgs] {
		r := messages.NewSendRunner(&messages.Send{}, opts...)
		return check.Runner[messages.SendArgs]{Stats: r.Stats, Run: func(a messages.SendArgs) ([]any, error) {
			body, request, err := r.Run(t.Context(), a.Body, a.R)
			return []any{body, request}, err
		}}
	})
}

func TestGonum(t *testing.T) {
	b := check.New()
	b.Least = 6
	check.Special(b, func(n int) []mat.Dense {
		return []mat.Dense{*mat.NewDense(2, 2, []float64{float64(n), 1, 2, 3}), *mat.NewDense(2, 2, nil), *mat.NewDense(1, 4, []float64{float64(n), 1, 2, 3}), *mat.NewDense(4, 1, []float64{float64(n), 1, 2, 3})}
	})
	check.Special(b, func(n int) []mat.VecDense {
		return []mat.VecDense{*mat.NewVecDense(2, []float64{float64(n), 1}), *mat.NewVecDense(2, nil), *mat.NewVecDense(1, []float64{1})}
	})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[matrix.InvertArgs] {
		r := matrix.NewInvertRunner(&matrix.Invert{}, opts...)
		return check.Runner[matrix.InvertArgs]{Stats: r.Stats, Run: func(a matrix.InvertArgs) ([]any, error) {
			sum, err := r.Run(t.Context(), a.M, a.V)
			return []any{sum}, err
		}}
	})
}

func TestImageSpec(t *testing.T) {
	b := check.New()
	b.Least = 80
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[oci.PushArgs] {
		r := oci.NewPushRunner(&oci.Push{}, opts...)
		return check.Runner[oci.PushArgs]{Stats: r.Stats, Run: func(a oci.PushArgs) ([]any, error) {
			manifest, image, err := r.Run(t.Context(), a.M, a.Image)
			return []any{manifest, image}, err
		}}
	})
}

func TestDecimal(t *testing.T) {
	b := check.New()
	b.Least = 10
	b.Compare = []cmp.Option{cmpopts.EquateComparable(), cmp.Comparer(func(x, y decimal.Decimal) bool { return x.Equal(y) && x.Exponent() == y.Exponent() })}
	check.Shares[decimal.Decimal](b)
	check.Special(b, func(n int) []decimal.Decimal {
		return []decimal.Decimal{decimal.New(int64(n), -2), {}, decimal.New(int64(n), 2), decimal.New(-1, 0), decimal.New(10, -1), decimal.RequireFromString("123456789012345678901234567890.5")}
	})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[money.TotalArgs] {
		r := money.NewTotalRunner(&money.Total{}, opts...)
		return check.Runner[money.TotalArgs]{Stats: r.Stats, Run: func(a money.TotalArgs) ([]any, error) {
			total, invoice, err := r.Run(t.Context(), a.Base, a.I)
			return []any{total, invoice}, err
		}}
	})
}

func TestUUID(t *testing.T) {
	b := check.New()
	b.Least = 20
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[ids.FindArgs] {
		r := ids.NewFindRunner(&ids.Find{}, opts...)
		return check.Runner[ids.FindArgs]{Stats: r.Stats, Run: func(a ids.FindArgs) ([]any, error) {
			all, err := r.Run(t.Context(), a.ID, a.All, a.Maybe)
			return []any{all}, err
		}}
	})
}

func TestGatewayAPI(t *testing.T) {
	b := check.New()
	b.Least = 300
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[gateway.AdmitArgs] {
		r := gateway.NewAdmitRunner(&gateway.Admit{}, opts...)
		return check.Runner[gateway.AdmitArgs]{Stats: r.Stats, Run: func(a gateway.AdmitArgs) ([]any, error) {
			route, gateway, err := r.Run(t.Context(), a.Route, a.Gateway)
			return []any{route, gateway}, err
		}}
	})
}

func TestElasticsearch(t *testing.T) {
	b := check.New()
	b.Least = 100
	check.Impls[elastic.DistanceFeatureQuery](b, elastic.UntypedDistanceFeatureQuery{}, elastic.GeoDistanceFeatureQuery{}, elastic.DateDistanceFeatureQuery{})
	check.Impls[elastic.Duration](b, "")
	check.Impls[elastic.FieldValue](b, int64(0), elastic.Float64(0), "", false)
	check.Impls[elastic.Fuzziness](b, "", 0)
	check.Impls[elastic.GeoBounds](b, elastic.CoordsGeoBounds{}, elastic.TopLeftBottomRightGeoBounds{}, elastic.TopRightBottomLeftGeoBounds{}, elastic.WktGeoBounds{})
	check.Impls[elastic.GeoLocation](b, elastic.LatLonGeoLocation{}, elastic.GeoHashLocation{}, []elastic.Float64{}, "")
	check.Impls[elastic.MinimumShouldMatch](b, 0, "")
	check.Impls[elastic.RangeQuery](b, elastic.UntypedRangeQuery{}, elastic.DateRangeQuery{}, elastic.NumberRangeQuery{}, elastic.LongNumberRangeQuery{}, elastic.TermRangeQuery{})
	check.Impls[elastic.TermsQueryField](b, []elastic.FieldValue{}, elastic.TermsLookup{})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[search.FindArgs] {
		r := search.NewFindRunner(&search.Find{}, opts...)
		return check.Runner[search.FindArgs]{Stats: r.Stats, Run: func(a search.FindArgs) ([]any, error) {
			q, err := r.Run(t.Context(), a.Q)
			return []any{q}, err
		}}
	})
}

func TestOpenPolicyAgent(t *testing.T) {
	b := check.New()
	b.Least = 20
	check.Impls[ast.Value](b, ast.String(""), ast.Null{}, ast.Boolean(false), ast.Number(""), ast.Var(""), ast.Ref{}, ast.Call{})
	check.Work(t, b, func(opts ...runtime.Option) check.Runner[policy.ResolveArgs] {
		r := policy.NewResolveRunner(&policy.Resolve{}, opts...)
		return check.Runner[policy.ResolveArgs]{Stats: r.Stats, Run: func(a policy.ResolveArgs) ([]any, error) {
			pkg, term, err := r.Run(t.Context(), a.Pkg, a.Term)
			return []any{pkg, term}, err
		}}
	})
}
