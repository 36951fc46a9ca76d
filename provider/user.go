package provider

import (
	"context"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// User is an account of the forge.
type User struct{}

// UserArgs are the inputs of a User.
type UserArgs struct {
	Username string  `pulumi:"username" provider:"replaceOnChanges"`
	Email    string  `pulumi:"email"`
	Password string  `pulumi:"password" provider:"secret"`
	FullName *string `pulumi:"fullName,optional"`
	Admin    *bool   `pulumi:"admin,optional"`
	Adopt    *bool   `pulumi:"adopt,optional"`
}

// UserState is the state of a User.
type UserState struct {
	UserArgs
	UserID int `pulumi:"userId"`
}

var (
	_ infer.CustomCheck[UserArgs]             = (*User)(nil)
	_ infer.CustomUpdate[UserArgs, UserState] = (*User)(nil)
	_ infer.CustomRead[UserArgs, UserState]   = (*User)(nil)
	_ infer.CustomDelete[UserState]           = (*User)(nil)
)

const adoptDoc = "Take over what exists already under this name, instead of failing. Default: false."

// Annotate documents the resource.
func (r *User) Annotate(a infer.Annotator) {
	a.Describe(r, "An account. Gitea does not give the password back: a password that was changed elsewhere is not seen. Import by user name.")
}

// Annotate documents the inputs.
func (r *UserArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Username, "Name to sign in with; letters and digits with single - _ . between them.")
	a.Describe(&r.Email, "Address of the account.")
	a.Describe(&r.Password, "Password, at least 8 characters.")
	a.Describe(&r.FullName, "Name to show.")
	a.Describe(&r.Admin, "Whether the user administers the forge. Default: false.")
	a.Describe(&r.Adopt, adoptDoc+" The password is then set to the given one.")
}

// Annotate documents the outputs.
func (r *UserState) Annotate(a infer.Annotator) {
	a.Describe(&r.UserID, "Numeric ID of the user.")
}

// Check refuses names that Gitea refuses.
func (*User) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[UserArgs], error) {
	in, failures, err := infer.DefaultCheck[UserArgs](ctx, req.NewInputs)
	failures = checkNames(req.NewInputs, failures, map[string]func(string) string{
		"username": OwnerNameProblem,
		"password": func(s string) string {
			if len(s) < 8 {
				return "shorter than 8 characters"
			}
			return ""
		},
	})
	return infer.CheckResponse[UserArgs]{Inputs: in, Failures: failures}, err
}

// Create creates the user, or takes over the one there is.
func (*User) Create(ctx context.Context, req infer.CreateRequest[UserArgs]) (infer.CreateResponse[UserState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[UserState]{ID: in.Username, Output: UserState{UserArgs: in}}
	if req.DryRun {
		return resp, nil
	}
	c, err := client(ctx)
	if err != nil {
		return resp, err
	}
	doing := "creating user " + in.Username
	if in.Adopt != nil && *in.Adopt {
		if u, r, err := c.GetUserInfo(in.Username); err == nil {
			resp.Output.UserID = int(u.ID)
			return resp, editUser(c, in)
		} else if !notFound(r) {
			return resp, apiError(doing, r, err)
		}
	}
	u, r, err := c.AdminCreateUser(gitea.CreateUserOption{
		Username: in.Username, LoginName: in.Username, Email: in.Email, Password: in.Password,
		FullName: deref(in.FullName), MustChangePassword: ptr(false),
	})
	if err != nil {
		return resp, apiError(doing, r, err)
	}
	resp.Output.UserID = int(u.ID)
	if in.Admin != nil && *in.Admin {
		if err := editUser(c, in); err != nil {
			return resp, infer.ResourceInitFailedError{Reasons: []string{err.Error()}}
		}
	}
	return resp, nil
}

func editUser(c *gitea.Client, in UserArgs) error {
	r, err := c.AdminEditUser(in.Username, gitea.EditUserOption{
		LoginName: in.Username, Email: &in.Email, Password: in.Password, FullName: in.FullName,
		Admin: ptr(in.Admin != nil && *in.Admin), MustChangePassword: ptr(false),
	})
	return apiError("updating user "+in.Username, r, err)
}

// Update changes what can be changed in place.
func (*User) Update(ctx context.Context, req infer.UpdateRequest[UserArgs, UserState]) (infer.UpdateResponse[UserState], error) {
	out := infer.UpdateResponse[UserState]{Output: UserState{UserArgs: req.Inputs, UserID: req.State.UserID}}
	if req.DryRun {
		return out, nil
	}
	c, err := client(ctx)
	if err != nil {
		return out, err
	}
	return out, editUser(c, req.Inputs)
}

// Read refreshes from the server.
func (*User) Read(ctx context.Context, req infer.ReadRequest[UserArgs, UserState]) (infer.ReadResponse[UserArgs, UserState], error) {
	kept := infer.ReadResponse[UserArgs, UserState](req)
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	u, r, err := c.GetUserInfo(req.ID)
	switch {
	case notFound(r):
		return infer.ReadResponse[UserArgs, UserState]{}, nil
	case err != nil && req.State.UserID != 0 && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading user "+req.ID, r, err)
	}
	in := req.Inputs
	in.Username, in.Email = u.UserName, u.Email
	if in.FullName != nil || u.FullName != "" {
		in.FullName = &u.FullName
	}
	if in.Admin != nil || u.IsAdmin {
		in.Admin = &u.IsAdmin
	}
	return infer.ReadResponse[UserArgs, UserState]{ID: u.UserName, Inputs: in, State: UserState{UserArgs: in, UserID: int(u.ID)}}, nil
}

// Delete removes the user; Gitea refuses while the user owns repositories.
func (*User) Delete(ctx context.Context, req infer.DeleteRequest[UserState]) (infer.DeleteResponse, error) {
	c, err := client(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	r, err := c.AdminDeleteUser(req.ID)
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting user "+req.ID, r, err)
}

func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
