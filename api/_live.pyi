from api.live import Influences as Influences
