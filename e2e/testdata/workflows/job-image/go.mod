module jobimage

go 1.26
