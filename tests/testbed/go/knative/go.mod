module viewfinder.test/knative

go 1.26.0

require knative.dev/serving v0.48.1
