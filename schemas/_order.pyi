from schemas.order import Order as Order
