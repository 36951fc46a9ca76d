module github.com/gitops-pipeline/gitops-pipeline/service

go 1.26.0
