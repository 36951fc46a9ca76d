module example.org/program

go 1.24

require github.com/docker/go-units v0.5.0
