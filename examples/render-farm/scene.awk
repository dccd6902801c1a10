# One frame of three spheres that circle each other over a floor: a ray for each pixel marches until it meets something.
# FRAME and FRAMES say which one; it leaves frame.ppm. Any awk will do.

function sphere(x, y, z, n) {
  return sqrt((x - sx[n]) ^ 2 + (y - sy[n]) ^ 2 + (z - sz[n]) ^ 2) - 0.55
}

# How far the nearest thing is; `what` says which it is, 0 for the floor.
function distance(x, y, z,   n, near, far) {
  near = y + 0.6; what = 0
  for (n = 1; n <= 3; n++) {
    far = sphere(x, y, z, n)
    if (far < near) { near = far; what = n }
  }
  return near
}

# Light from above the left shoulder, less where the way to it is not free.
function light(x, y, z, hit,   nx, ny, nz, lit, far, t) {
  if (hit == 0) { nx = 0; ny = 1; nz = 0 }
  else { nx = (x - sx[hit]) / 0.55; ny = (y - sy[hit]) / 0.55; nz = (z - sz[hit]) / 0.55 }
  lit = nx * -0.48 + ny * 0.77 + nz * -0.42
  if (lit <= 0) return 0.12
  for (t = 0.08; t < 3; t += far) {
    far = distance(x - 0.48 * t, y + 0.77 * t, z - 0.42 * t)
    if (far < 0.01) return 0.12 + lit * 0.15
  }
  return 0.12 + lit * 0.88
}

BEGIN {
  width = 192; height = 128; turn = 6.283185307 * ENVIRON["FRAME"] / ENVIRON["FRAMES"]
  for (n = 1; n <= 3; n++) {
    angle = turn / 3 + n * 2.094395102
    sx[n] = cos(angle); sy[n] = 0.25 * sin(2 * angle); sz[n] = 3.2 + sin(angle)
  }
  red[0] = 0.75; green[0] = 0.75; blue[0] = 0.72
  red[1] = 0.95; green[1] = 0.35; blue[1] = 0.25
  red[2] = 0.25; green[2] = 0.65; blue[2] = 0.95
  red[3] = 0.95; green[3] = 0.80; blue[3] = 0.25

  printf "P3\n%d %d\n255\n", width, height > "frame.ppm"
  for (row = 0; row < height; row++) {
    for (column = 0; column < width; column++) {
      dx = (column - width / 2) / height; dy = 0.1 + (height / 2 - row) / height; dz = 1
      size = sqrt(dx * dx + dy * dy + dz * dz); dx /= size; dy /= size; dz /= size
      r = 0.55 + 0.3 * dy; g = 0.7 + 0.2 * dy; b = 0.95
      for (t = 0; t < 12; t += near) {
        near = distance(dx * t, dy * t, dz * t)
        if (near < 0.01) {
          hit = what; shade = light(dx * t, dy * t, dz * t, hit)
          r = red[hit] * shade; g = green[hit] * shade; b = blue[hit] * shade
          break
        }
      }
      printf "%d %d %d\n", 255 * r, 255 * g, 255 * b > "frame.ppm"
    }
    if (row % 16 == 0) printf "row %d of %d\n", row, height > "/dev/stderr"
  }
}
