# Puts frames of equal size below each other, as on a strip of film: film.ppm. Its arguments are the frames, in order.

FNR == 2 { width = $1; height += $2 }
FNR > 3 { pixels[++count] = $0 }

END {
  printf "P3\n%d %d\n255\n", width, height > "film.ppm"
  for (n = 1; n <= count; n++) print pixels[n] > "film.ppm"
}
