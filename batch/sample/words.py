"""The words from which titles, studios and genre mixtures are made up."""

NOUNS = (
    ("Hoshi", "Star"),
    ("Kaze", "Wind"),
    ("Umi", "Sea"),
    ("Tsuki", "Moon"),
    ("Yuki", "Snow"),
    ("Mori", "Forest"),
    ("Toki", "Hour"),
    ("Kagami", "Mirror"),
    ("Tsubasa", "Wing"),
    ("Hana", "Flower"),
    ("Honoo", "Flame"),
    ("Kage", "Shadow"),
    ("Tou", "Tower"),
    ("Uta", "Song"),
    ("Yume", "Dream"),
    ("Kawa", "River"),
    ("Hagane", "Iron"),
    ("Tobira", "Door"),
    ("Michi", "Road"),
    ("Niji", "Rainbow"),
    ("Tegami", "Letter"),
    ("Fune", "Ship"),
    ("Ken", "Sword"),
    ("Mahou", "Spell"),
    ("Kuni", "Country"),
    ("Ame", "Rain"),
    ("Ishi", "Stone"),
    ("Tori", "Bird"),
    ("Machi", "Town"),
    ("Yoru", "Night"),
)

# {name} is a made-up name, {jp}/{en} the same noun twice, {jp2}/{en2} another one.
PATTERNS = (
    ("{name} no {jp}", "The {en} of {name}"),
    ("{jp} no {name}", "{name} of the {en}"),
    ("{jp} to {jp2}: {name}-hen", "{en} and {en2}: The {name} Story"),
    ("{name} {jp} Kiden", "Chronicle of the {en}: {name}"),
    ("{name}-san wa {jp} ga Suki", "{name} Likes the {en}"),
    ("{jp2} no {jp} {name}", "{name}: {en} of the {en2}"),
    ("{name}!", "{name}!"),
    ("{name} Gakuen no {jp}", "The {en} at {name} Academy"),
)

SYLLABLES = (
    *("ka", "ri", "mo", "se", "tu", "vel", "na", "ro", "shi", "la", "fu", "ne", "zo", "mi"),
    *("ku", "ha", "yo", "tel", "gi", "ar", "do", "su", "wen", "bi", "ra", "jo", "qui", "pe"),
)

STUDIOS = tuple(
    f"{first} {second}"
    for first in ("Ninefold", "Paper Kite", "Amber Gate", "Low Tide", "Tall Pine", "Blue Ladder")
    for second in ("Pictures", "Works", "Animation", "Drawing Room", "Seven")
)

SOURCES = (
    *("Manga", "Manga", "Manga", "Original", "Original", "Light novel", "Light novel"),
    *("Novel", "Visual novel", "Game", "Web manga", "4-koma manga"),
)

# Genres that go together, so that made-up titles resemble real ones.
MIXTURES = (
    ("Action", "Adventure", "Fantasy", "Shounen"),
    ("Action", "Super Power", "School", "Shounen"),
    ("Adventure", "Fantasy", "Isekai", "Comedy"),
    ("Comedy", "Slice of Life", "School"),
    ("Comedy", "Romance", "School"),
    ("Drama", "Romance", "Shoujo", "School"),
    ("Comedy", "Harem", "Ecchi", "Romance"),
    ("Sports", "School", "Shounen", "Drama"),
    ("Sports", "Comedy", "Seinen"),
    ("Mecha", "Military", "Sci-Fi", "Space"),
    ("Sci-Fi", "Psychological", "Drama"),
    ("Mystery", "Psychological", "Thriller"),
    ("Horror", "Supernatural", "Mystery"),
    ("Action", "Demons", "Supernatural"),
    ("Historical", "Samurai", "Action"),
    ("Slice of Life", "Drama", "Josei"),
    ("Music", "School", "Slice of Life"),
    ("Magic", "Fantasy", "Shoujo"),
    ("Kids", "Comedy", "Adventure"),
    ("Game", "Psychological", "Seinen"),
    ("Police", "Mystery", "Seinen"),
    ("Vampire", "Supernatural", "Romance"),
    ("Martial Arts", "Action", "Comedy"),
    ("Parody", "Comedy"),
)
