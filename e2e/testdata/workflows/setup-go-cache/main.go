package main

import (
	"fmt"

	"github.com/docker/go-units"
)

func main() { fmt.Println(units.BytesSize(4096)) }
