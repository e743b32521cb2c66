package peers

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// source returns a source of numbers that are the same each time, so that what
// is made from them is equal and shares nothing.
func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func pointer[T any](v T) *T { return &v }

func newOrder() *Order {
	r := source()
	home := func() *Address {
		return &Address{Street: "Torstraße 1", City: "Berlin", Zip: "10119", Country: "DE"}
	}
	o := &Order{
		ID:       r.Int64(),
		Customer: Customer{Name: "Ada Lovelace", Email: "ada@example.com", Address: home(), Tags: []string{"gold", "newsletter"}},
		Labels:   map[string]string{},
		Shipping: home(),
		Discount: pointer(0.15),
		Placed:   time.Date(2026, 5, 25, 12, 30, 0, 42, time.UTC),
		Paid:     true,
	}
	for i := range o.Reference {
		o.Reference[i] = byte(r.Uint32())
	}
	for i := range 16 {
		line := Line{SKU: "SKU-" + strconv.Itoa(r.IntN(1e6)), Quantity: 1 + r.IntN(9), Price: math.Round(1e4*r.Float64()) / 100, Gift: r.IntN(2) == 0}
		if i%4 == 0 {
			line.Note = pointer("handle with care")
		}
		o.Lines = append(o.Lines, line)
		o.Labels["label-"+strconv.Itoa(i)] = "value of label " + strconv.Itoa(r.IntN(100))
	}
	return o
}

func newRecords() []Record {
	r := source()
	out := make([]Record, 1000)
	for i := range out {
		out[i] = Record{ID: r.Uint64(), Name: fmt.Sprintf("record-%06d", i), Score: r.NormFloat64(), Level: r.Int32N(100), Active: i%3 == 0}
	}
	return out
}

// newTree returns a balanced tree of 1,000 nodes.
func newTree() *Node {
	r := source()
	var grow func(n int) *Node
	grow = func(n int) *Node {
		if n == 0 {
			return nil
		}
		left := (n - 1) / 2
		return &Node{Name: "node-" + strconv.Itoa(n), Value: r.Int64(), Left: grow(left), Right: grow(n - 1 - left)}
	}
	return grow(1000)
}

func newTable() map[string]int64 {
	r := source()
	out := map[string]int64{}
	for i := range 1000 {
		out["entry/"+strconv.Itoa(i)] = r.Int64()
	}
	return out
}

func newBlob() []byte {
	r := source()
	out := make([]byte, 1<<20)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

func newSeries() []float64 {
	r := source()
	out := make([]float64, 1_000_000)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

func newPod() *corev1.PodSpec {
	return &corev1.PodSpec{
		Volumes: []corev1.Volume{
			{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "web-config"},
				Items:                []corev1.KeyToPath{{Key: "nginx.conf", Path: "nginx.conf"}},
				DefaultMode:          pointer(int32(0o644)),
			}}},
			{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "web-tls", DefaultMode: pointer(int32(0o400))}}},
			{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: pointer(resource.MustParse("2Gi"))}}},
		},
		InitContainers: nil,
		Containers: []corev1.Container{
			newContainer("web", "registry.example.com/shop/web:2.41.0", 8080, "500m", "512Mi"),
			newContainer("proxy", "registry.example.com/edge/envoy:1.34.1", 9901, "250m", "128Mi"),
			newContainer("metrics", "registry.example.com/obs/agent:7.2.3", 9102, "100m", "64Mi"),
		},
		RestartPolicy:                 corev1.RestartPolicyAlways,
		TerminationGracePeriodSeconds: pointer(int64(30)),
		DNSPolicy:                     corev1.DNSClusterFirst,
		NodeSelector:                  map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "pool": "web"},
		ServiceAccountName:            "web",
		AutomountServiceAccountToken:  pointer(false),
		SecurityContext:               &corev1.PodSecurityContext{RunAsNonRoot: pointer(true), FSGroup: pointer(int64(2000))},
		ImagePullSecrets:              []corev1.LocalObjectReference{{Name: "registry"}},
		Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
				Weight:          100,
				PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: "kubernetes.io/hostname"},
			}},
		}},
		SchedulerName: "default-scheduler",
		Tolerations:   []corev1.Toleration{{Key: "spot", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
	}
}

func newContainer(name, image string, port int32, cpu, memory string) corev1.Container {
	probe := func(path string) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port), Scheme: corev1.URISchemeHTTP}},
			InitialDelaySeconds: 5,
			PeriodSeconds:       10,
			FailureThreshold:    3,
		}
	}
	return corev1.Container{
		Name:    name,
		Image:   image,
		Command: []string{"/usr/bin/" + name},
		Args:    []string{"--config=/etc/" + name + "/config.yaml", "--log-format=json"},
		Ports:   []corev1.ContainerPort{{Name: "http", ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		Env: []corev1.EnvVar{
			{Name: "LOG_LEVEL", Value: "info"},
			{Name: "REGION", Value: "eu-central-1"},
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
			{Name: "TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: "token"}}},
		},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: "/etc/" + name, ReadOnly: true},
			{Name: "cache", MountPath: "/var/cache/" + name},
		},
		LivenessProbe:            probe("/healthz"),
		ReadinessProbe:           probe("/readyz"),
		TerminationMessagePath:   "/dev/termination-log",
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		ImagePullPolicy:          corev1.PullIfNotPresent,
		SecurityContext:          &corev1.SecurityContext{AllowPrivilegeEscalation: pointer(false), ReadOnlyRootFilesystem: pointer(true)},
	}
}
