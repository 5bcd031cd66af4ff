"""File names in a character's folder, and beside the characters of a run."""

PARAMETERS_FILE = "parameters.json"
ALIGNED_FILE = "aligned.png"
CHARACTER_FILE = "character.png"
ENGINE_FILE = "engine.png"
PHOTO_FILE = "photo.jpg"
DRAWN_FILE = "drawn.png"
RESULT_FILE = "result.json"

#: The folder, in a character's folder, of its files for other programs.
FORMATS_FOLDER = "formats"

#: The page and the table of all characters of a run, beside their folders.
PAGE_FILE, TABLE_FILE = "index.html", "summary.csv"
