/* The functions of f2pkit.h are written in Swift, see Sources/F2PKit/Generated/EntryPoints.swift. */
#include "f2pkit.h"
