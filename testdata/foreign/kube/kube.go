// Package kube has works over types of k8s.io/api.
package kube

import corev1 "k8s.io/api/core/v1"

// Schedule takes a pod.
//
//workgen:work
type Schedule struct{}

// Run returns what it got.
func (Schedule) Run(spec corev1.PodSpec, pod *corev1.Pod) (corev1.PodSpec, *corev1.Pod) {
	return spec, pod
}
