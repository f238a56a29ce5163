package cloudapi

import "context"

type sendingKey struct{}

// OnSend returns a context with which sent is called just before each request goes
// out, when its turn in the budget has come. What the cloud answers is no older
// than that.
func OnSend(ctx context.Context, sent func()) context.Context {
	return context.WithValue(ctx, sendingKey{}, sent)
}

func sending(ctx context.Context) {
	if sent, ok := ctx.Value(sendingKey{}).(func()); ok {
		sent()
	}
}
