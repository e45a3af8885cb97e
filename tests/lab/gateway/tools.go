//go:build tools

// Package gateway names what the lab's Gateway API controller is built from.
package gateway

import _ "github.com/projectcontour/contour/cmd/contour"
