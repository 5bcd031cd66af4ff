"""By which endings files of a folder are taken as photos; a file named on its own is read whatever it is called."""

#: Endings of what a camera, a phone, a browser or a picture editor leaves. Pillow reads what the first lines name; for
#: HEIC it takes the extra `heif`, and JPEG XL is refused in a sentence, which is better than to be passed over. What
#: Pillow opens beside photos is not here: documents, icons, films, data of instruments; nor are cameras' raw files, of
#: which it would take the thumbnail for the photo.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".mpo"),
    *(".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".avif", ".avifs", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".qoi", ".psd"),
    *(".heic", ".heif", ".hif", ".heics", ".heifs"),
    *(".jxl",),
)
