// yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
//
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The street of README's picture. Metres; the road goes along z.
//   povray street.pov +W1280 +H720 +A0.2 +Ostreet.png

#version 3.7;
global_settings { assumed_gamma 1.0 }

camera {
  location <-2.6, 2.9, -9.5>
  look_at <0.9, 1.05, 4>
  right x * 16 / 9
  angle 52
}

light_source {
  <-38, 46, -30>
  color rgb <1.15, 1.06, 0.92>
  area_light <5, 0, 0>, <0, 0, 5>, 4, 4
  adaptive 1
  jitter
}
light_source { <30, 30, -60> color rgb <0.20, 0.23, 0.29> shadowless }

sky_sphere {
  pigment {
    gradient y
    color_map {
      [0.00 rgb <0.80, 0.86, 0.92>]
      [0.35 rgb <0.42, 0.60, 0.85>]
      [1.00 rgb <0.18, 0.36, 0.68>]
    }
  }
  pigment {
    bozo
    turbulence 0.7
    octaves 6
    scale <0.5, 0.12, 0.5>
    color_map {
      [0.00 rgbt <1, 1, 1, 1>]
      [0.50 rgbt <1, 1, 1, 1>]
      [0.80 rgbt <0.95, 0.96, 0.98, 0.25>]
    }
  }
}

#declare Matte = finish { ambient 0.16 diffuse 0.78 }
#declare Paint = finish {
  ambient 0.12 diffuse 0.62 specular 0.7 roughness 0.012
  reflection { 0.03, 0.28 fresnel on } conserve_energy
}

#macro Grain (Colour, Size, Amount)
  texture {
    pigment {
      granite
      scale Size
      color_map { [0 color Colour * (1 - Amount)] [1 color Colour * (1 + Amount)] }
    }
    finish { Matte }
    normal { granite 0.12 scale Size }
  }
#end

// ground: road from x = 0.8 to 8, pavements beside it
plane { y, 0 Grain (rgb <0.145, 0.147, 0.155>, 0.9, 0.22) }
#declare Paving = texture {
  pigment {
    brick color rgb <0.33, 0.32, 0.30>, color rgb <0.47, 0.45, 0.42>
    brick_size <0.6, 0.6, 0.4> mortar 0.012
  }
  finish { Matte }
}
box { <-9, -1, -30>, <0.8, 0.13, 90> texture { Paving } }
box { <8.2, -1, -30>, <16, 0.13, 90> texture { Paving } }
box { <0.62, -1, -30>, <0.84, 0.135, 90> Grain (rgb <0.42, 0.42, 0.41>, 0.3, 0.1) }
box { <8.16, -1, -30>, <8.38, 0.135, 90> Grain (rgb <0.42, 0.42, 0.41>, 0.3, 0.1) }
#for (I, -4, 20)
  box {
    <4.43, 0, I * 4>, <4.57, 0.004, I * 4 + 2>
    pigment { rgb 0.68 } finish { Matte }
  }
#end
// a crossing
#for (I, 0, 6)
  box {
    <1.1 + I, 0, 12.2>, <1.62 + I, 0.004, 15.2>
    pigment { rgb 0.68 } finish { Matte }
  }
#end

// a house of Floors storeys from z = 0 to Length, its front in the plane x = 0
#macro House (Length, Floors, Colour)
  union {
    box { <0, 0, 0>, <8, Floors * 3.1 + 1.2, Length> Grain (Colour, 2.5, 0.07) }
    box {
      <-0.18, Floors * 3.1 + 0.9, -0.1>, <8, Floors * 3.1 + 1.3, Length + 0.1>
      Grain (Colour * 0.8, 1, 0.05)
    }
    box { <-0.06, 0, 0>, <0.1, 0.8, Length> Grain (Colour * 0.55, 1, 0.08) }
    #local N = floor (Length / 2.4);
    #for (F, 0, Floors - 1)
      #for (W, 0, N - 1)
        #local Z = (W + 0.5) * Length / N;
        #local Y = F * 3.1 + 1.15;
        union {
          box {
            <-0.02, Y, Z - 0.55>, <0.2, Y + 1.6, Z + 0.55>
            pigment { rgb <0.06, 0.08, 0.10> }
            finish { ambient 0.05 diffuse 0.3 reflection 0.22 specular 0.4 }
          }
          box { <-0.07, Y, Z - 0.03>, <0.1, Y + 1.6, Z + 0.03> pigment { rgb 0.8 } finish { Matte } }
          box { <-0.07, Y + 1.05, Z - 0.55>, <0.1, Y + 1.1, Z + 0.55> pigment { rgb 0.8 } finish { Matte } }
          difference {
            box { <-0.09, Y - 0.1, Z - 0.66>, <0.1, Y + 1.7, Z + 0.66> }
            box { <-0.2, Y, Z - 0.55>, <0.3, Y + 1.6, Z + 0.55> }
            pigment { rgb <0.78, 0.76, 0.70> } finish { Matte }
          }
        }
      #end
    #end
  }
#end

object { House (14, 3, rgb <0.62, 0.50, 0.36>) scale <-1, 1, 1> translate <-5.4, 0.1, 1> }
object { House (12, 4, rgb <0.50, 0.27, 0.20>) scale <-1, 1, 1> translate <-5.4, 0.1, 15.2> }
object { House (16, 3, rgb <0.58, 0.56, 0.50>) scale <-1, 1, 1> translate <-5.4, 0.1, 27.6> }
object { House (14, 3, rgb <0.52, 0.56, 0.56>) translate <12.2, 0.1, 6> }
object { House (12, 4, rgb <0.66, 0.57, 0.42>) translate <12.2, 0.1, 20.3> }
object { House (18, 3, rgb <0.48, 0.33, 0.27>) translate <12.2, 0.1, 32.6> }
object { House (26, 4, rgb <0.55, 0.52, 0.48>) rotate -90 * y translate <17, 0.1, 58> }

#macro Tree (Seed)
  #local R = seed (Seed);
  union {
    cone {
      0, 0.17, <0.05, 2.9, 0>, 0.10
      Grain (rgb <0.23, 0.16, 0.11>, 0.2, 0.4)
    }
    #for (I, 0, 420)
      #local A = rand (R) * 2 * pi;
      #local U = 2 * rand (R) - 1;
      #local Q = pow (rand (R), 0.4);
      #local P = <cos (A) * sqrt (1 - U * U) * 1.45, U * 1.35, sin (A) * sqrt (1 - U * U) * 1.45> * Q;
      sphere {
        0, 0.26 scale <1, 0.62, 1>
        rotate <rand (R) * 60, rand (R) * 360, rand (R) * 60>
        translate P + <0, 3.7, 0>
        pigment { rgb <0.10, 0.23, 0.06> * (0.55 + 0.65 * rand (R) + 0.35 * U) }
        finish { ambient 0.12 diffuse 0.75 }
        normal { bumps 0.9 scale 0.05 }
      }
    #end
  }
#end
object { Tree (3) translate <-0.25, 0.13, 9.5> }
object { Tree (8) translate <-0.2, 0.13, 19> }
object { Tree (5) translate <9.4, 0.13, 14.5> }
object { Tree (11) scale 1.1 translate <9.5, 0.13, 25> }

// a limb between two points
#macro Limb (A, B, Ra, Rb)
  sphere { A, Ra } sphere { B, Rb } cone { A, Ra, B, Rb }
#end

// Stride is the angle of a step; feet at the origin, walking to -z
#macro Person (Coat, Trousers, Hair, Skin, Stride)
  #local S = sin (radians (Stride));
  #local C = cos (radians (Stride));
  union {
    // legs and shoes
    union {
      Limb (<-0.10, 0.90, 0>, <-0.10, 0.90 - 0.43 * C, -0.43 * S>, 0.095, 0.07)
      Limb (<-0.10, 0.90 - 0.43 * C, -0.43 * S>, <-0.10, 0.09, -0.60 * S>, 0.068, 0.05)
      Limb (<0.10, 0.90, 0>, <0.10, 0.90 - 0.43 * C, 0.34 * S>, 0.095, 0.07)
      Limb (<0.10, 0.90 - 0.43 * C, 0.34 * S>, <0.10, 0.10, 0.72 * S>, 0.068, 0.05)
      pigment { color Trousers } finish { Matte } normal { bumps 0.3 scale 0.08 }
    }
    union {
      Limb (<-0.10, 0.05, -0.60 * S + 0.03>, <-0.11, 0.045, -0.60 * S - 0.15>, 0.05, 0.045)
      Limb (<0.10, 0.06, 0.72 * S + 0.03>, <0.11, 0.045, 0.72 * S - 0.14>, 0.05, 0.045)
      pigment { rgb 0.05 } finish { Matte specular 0.3 }
    }
    // trunk
    blob {
      threshold 0.4
      cylinder { <0, 0.92, 0>, <0, 1.30, 0>, 0.27, 1 scale <1, 1, 1> }
      sphere { <-0.13, 1.36, 0>, 0.20, 0.9 }
      sphere { <0.13, 1.36, 0>, 0.20, 0.9 }
      sphere { <0, 0.90, 0>, 0.25, 0.8 }
      scale <0.94, 1, 0.76>
      pigment { color Coat } finish { Matte } normal { bumps 0.35 scale 0.09 }
    }
    // arms swing against the legs
    union {
      Limb (<-0.19, 1.39, 0>, <-0.24, 1.13, 0.22 * S>, 0.065, 0.052)
      Limb (<-0.24, 1.13, 0.22 * S>, <-0.22, 0.90, 0.20 * S - 0.06>, 0.052, 0.042)
      Limb (<0.19, 1.39, 0>, <0.24, 1.13, -0.18 * S>, 0.065, 0.052)
      Limb (<0.24, 1.13, -0.18 * S>, <0.22, 0.91, -0.34 * S - 0.05>, 0.052, 0.042)
      pigment { color Coat * 0.9 } finish { Matte } normal { bumps 0.35 scale 0.09 }
    }
    union {
      sphere { <-0.215, 0.86, 0.20 * S - 0.07>, 0.048 }
      sphere { <0.215, 0.87, -0.34 * S - 0.06>, 0.048 }
      cylinder { <0, 1.40, 0>, <0, 1.56, -0.01>, 0.055 }
      sphere { 0, 0.115 scale <0.86, 1.12, 0.98> translate <0, 1.63, -0.015> }
      sphere { <0, 1.615, -0.13>, 0.022 }
      pigment { color Skin } finish { Matte }
    }
    difference {
      sphere { 0, 0.128 scale <0.92, 1.06, 1.04> translate <0, 1.66, 0.012> }
      box { <-1, 1.2, -1>, <1, 1.655, -0.06> }
      pigment { color Hair } finish { Matte specular 0.2 } normal { bumps 0.6 scale 0.02 }
    }
    union {
      sphere { <-0.04, 1.655, -0.118>, 0.013 }
      sphere { <0.04, 1.655, -0.118>, 0.013 }
      pigment { rgb 0.04 }
    }
  }
#end

// 4.3 m long, front to -z, wheels on the ground
#macro Car (Colour)
  union {
    difference {
      union {
        // body: side view, extruded
        prism {
          cubic_spline -0.86, 0.86, 17,
          <-1.6, 0.5>, <-2.14, 0.42>, <-2.16, 0.72>, <-1.95, 0.88>, <-1.05, 0.97>,
          <-0.9, 0.99>, <0.4, 1.02>, <1.55, 1.03>, <1.98, 0.97>, <2.10, 0.76>,
          <2.08, 0.40>, <1.7, 0.28>, <0.5, 0.26>, <-0.8, 0.26>, <-1.8, 0.28>,
          <-2.14, 0.42>, <-2.16, 0.72>
          rotate -90 * x
          rotate -90 * y
        }
      }
      #for (Z, -1, 1, 2)
        cylinder { <-1, 0.33, Z * 1.30>, <1, 0.33, Z * 1.30>, 0.39 }
      #end
      pigment { color Colour } finish { Paint }
    }
    // cabin: glass, and a roof with pillars
    intersection {
      prism {
        linear_sweep linear_spline -0.9, 0.9, 5,
        <-1.02, 0.95>, <-0.30, 1.43>, <0.98, 1.43>, <1.72, 0.97>, <-1.02, 0.95>
        rotate -90 * x
        rotate -90 * y
      }
      plane { <1, 0.375, 0>, 1.09 }
      plane { <-1, 0.375, 0>, 1.09 }
      pigment { rgb <0.03, 0.04, 0.05> }
      finish {
        ambient 0.05 diffuse 0.2 specular 0.8 roughness 0.005
        reflection { 0.08, 0.5 fresnel on } conserve_energy
      }
      interior { ior 1.5 }
    }
    superellipsoid {
      <0.35, 0.35> scale <0.60, 0.045, 0.70> translate <0, 1.44, 0.34>
      pigment { color Colour } finish { Paint }
    }
    union {
      #for (X, -1, 1, 2)
        Limb (<X * 0.76, 0.99, -1.00>, <X * 0.60, 1.43, -0.31>, 0.035, 0.035)
        Limb (<X * 0.78, 0.99, 0.30>, <X * 0.62, 1.44, 0.30>, 0.035, 0.035)
        Limb (<X * 0.76, 0.99, 1.68>, <X * 0.60, 1.43, 0.98>, 0.045, 0.045)
        sphere { 0, 0.10 scale <1, 0.75, 0.6> translate <X * 0.93, 1.02, -0.72> }
      #end
      pigment { color Colour } finish { Paint }
    }
    // wheels
    #for (X, -1, 1, 2)
      #for (Z, -1, 1, 2)
        union {
          torus { 0.235, 0.095 rotate 90 * z scale <1.1, 1, 1> pigment { rgb 0.03 } finish { Matte } }
          cylinder { <-0.09, 0, 0>, <0.09, 0, 0>, 0.21 pigment { rgb 0.42 } finish { Paint } }
          #for (K, 0, 4)
            cylinder { <-0.1, 0.12, 0>, <0.1, 0.12, 0>, 0.045 rotate K * 72 * x pigment { rgb 0.05 } }
          #end
          translate <X * 0.78, 0.33, Z * 1.30>
        }
      #end
      // lights
      sphere {
        0, 0.15 scale <1.1, 0.62, 0.5> translate <X * 0.60, 0.74, -2.12>
        pigment { rgb <0.95, 0.95, 0.9> } finish { ambient 0.5 specular 1 reflection 0.2 }
      }
      sphere {
        0, 0.14 scale <1, 0.8, 0.5> translate <X * 0.66, 0.80, 2.0>
        pigment { rgb <0.55, 0.03, 0.03> } finish { ambient 0.3 specular 0.8 }
      }
    #end
    box { <-0.42, 0.44, -2.20>, <0.42, 0.62, -2.02> pigment { rgb 0.04 } finish { Paint } }
    box { <-0.26, 0.46, -2.225>, <0.26, 0.57, -2.1> pigment { rgb 0.85 } finish { Matte } }
  }
#end

object { Car (rgb <0.45, 0.03, 0.03>) translate <2.35, 0, 2.6> }
object { Car (rgb <0.55, 0.57, 0.60>) rotate 180 * y translate <6.6, 0, 9.2> }
object { Car (rgb <0.04, 0.10, 0.30>) translate <2.6, 0, 19> }
object { Car (rgb <0.75, 0.74, 0.70>) rotate 180 * y translate <6.4, 0, 27> }

#declare Skin = rgb <0.68, 0.44, 0.32>;
#declare Dark = rgb <0.30, 0.17, 0.11>;
object { Person (rgb <0.10, 0.22, 0.42>, rgb <0.09, 0.09, 0.11>, rgb <0.09, 0.05, 0.03>, Skin, 24) rotate 12 * y translate <-2.15, 0.13, -0.6> }
object { Person (rgb <0.62, 0.12, 0.10>, rgb <0.13, 0.16, 0.26>, rgb <0.33, 0.19, 0.07>, Skin, -20) scale 0.95 rotate -6 * y translate <-1.15, 0.13, 1.6> }
object { Person (rgb <0.55, 0.48, 0.30>, rgb <0.22, 0.18, 0.13>, rgb <0.06, 0.05, 0.05>, Dark, 22) rotate 175 * y translate <-2.9, 0.13, 4.6> }
object { Person (rgb <0.16, 0.36, 0.20>, rgb <0.10, 0.11, 0.14>, rgb <0.20, 0.12, 0.06>, Skin, 27) scale 0.97 rotate 90 * y translate <3.4, 0, 13.5> }
object { Person (rgb <0.70, 0.70, 0.68>, rgb <0.20, 0.24, 0.36>, rgb <0.06, 0.05, 0.04>, Dark, -24) rotate 92 * y translate <5.0, 0, 14.0> }
object { Person (rgb <0.40, 0.15, 0.36>, rgb <0.12, 0.12, 0.12>, rgb <0.30, 0.25, 0.20>, Skin, 18) scale 0.94 rotate 8 * y translate <10.1, 0.13, 11.5> }
